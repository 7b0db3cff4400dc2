#!/bin/bash
# build.sh [TARGET]: build (default), engine, package, test, demo, benchmark, clean. See README.md; build.ps1 has the same targets.
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
out=$root/out
module=$out/module/ImageFabric
engine=$out/engine/linux-x64/imagefabric

say() { printf '\n== %s\n' "$*"; }

build() {
  say "Building"
  dotnet build ImageFabric.sln -c Release -v quiet
}

# The program as it ships: one file that needs no .NET on the host.
engine() {
  say "Publishing the engine for linux-x64"
  dotnet publish src/ImageFabric.Engine -c Release -r linux-x64 -v quiet -o "$out/engine/linux-x64"
  ls -l "$engine"
}

# The module as it ships.
package() {
  engine
  say "Packaging the module into out/module/ImageFabric"
  dotnet build src/ImageFabric.PowerShell -c Release -v quiet
  rm -rf "$module"
  mkdir -p "$module/engine/linux-x64" "$module/en-US"
  local binaries=src/ImageFabric.PowerShell/bin/Release/netstandard2.0
  cp "$binaries"/ImageFabric.{PowerShell,Fleet,Protocol}.dll "$module/"
  cp ImageFabric.psd1 src/ImageFabric.PowerShell/module/* "$module/"
  cp docs/en-US/*.xml docs/en-US/*.help.txt "$module/en-US/" 2>/dev/null || true
  cp "$engine" "$module/engine/linux-x64/"
  find "$module" -type f -printf '%10s  %P\n' | sort -k2
}

test_all() {
  tests/run-all.sh
}

demo() {
  tests/testbed/demo.sh
}

benchmark() {
  engine
  tests/Benchmarks/compare.sh
}

clean() {
  rm -rf "$out"
  find src tests -maxdepth 2 \( -name bin -o -name obj \) -exec rm -rf {} +
}

case ${1:-build} in
  build | engine | package | demo | benchmark | clean) "$1" ;;
  test) test_all ;;
  *) sed -n '2s/^# //p' "$0" >&2; exit 2 ;;
esac
