#!/bin/bash
# build.sh [TARGET]: build (default), engine, package, test, demo, benchmark, clean. See README.md; build.ps1 has the same targets.
set -euo pipefail
root=$(dirname "$(readlink -f "$0")")
cd "$root"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
out=$root/out

say() { printf '\n== %s\n' "$*"; }

build() {
  say "Building"
  dotnet build ImageFabric.sln -c Release -v quiet
}

# The program as it ships: one file that needs no .NET on the host; libzstd, where it could be built, lies beside it.
engine() {
  local platform=${1:-linux-x64}
  say "Publishing the engine for $platform"
  dotnet publish src/ImageFabric.Engine -c Release -r "$platform" -v quiet -o "$out/engine/$platform"
  [ ! -d "$out/libzstd/$platform" ] || cp "$out/libzstd/$platform"/* "$out/engine/$platform/"
  ls -l "$out/engine/$platform"/imagefabric*
}

# Without the tools for it the engines use the managed port; libzstd.sh says what is missing.
libzstd() {
  say "Building libzstd for linux-x64 and win-x64"
  src/ImageFabric.Disks/Compression/libzstd.sh "$out/libzstd" || [ $? = 3 ]
}

# The module as it ships, for machines and hosts of both systems, and the package that a gallery takes.
package() {
  libzstd
  engine linux-x64
  engine win-x64
  say "Packaging the module into out/module/ImageFabric"
  dotnet build src/ImageFabric.PowerShell -c Release -v quiet
  dotnet run src/package.cs "$root"
}

test_all() {
  . tests/powershell.sh
  tests/run-all.sh
}

demo() {
  tests/testbed/demo.sh
}

benchmark() {
  engine
  tests/Benchmarks/compare.sh --runs 3 --page docs/performance.md
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
