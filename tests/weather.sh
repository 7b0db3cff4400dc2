#!/bin/bash
# weather.sh [COUNT [SEED]]: COUNT schedules of bad weather, 500 unless said otherwise, from SEED on: machines publish, pull, remove and clean one store at the
# same time, are killed, and talk to it through faults; the store must keep its promises. A seed that fails is named: weather.sh 1 SEED runs it again.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
count=${1:-500} seed=${2:-$((RANDOM * 32768 + RANDOM))}
[[ $count =~ ^[1-9][0-9]*$ && $seed =~ ^[0-9]+$ ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
cd "$root"
dotnet build tests/ImageFabric.Store.Tests -c Release -v quiet
echo "$count schedules from $seed on"
IMAGEFABRIC_WEATHER_COUNT=$count IMAGEFABRIC_WEATHER_SEED=$seed exec dotnet test tests/ImageFabric.Store.Tests -c Release --no-build --filter FullyQualifiedName~WeatherTests --logger 'console;verbosity=normal'
