#!/bin/bash
# libzstd.sh DIR: builds libzstd from this system's Debian source package: DIR/linux-x64/libzstd.so.1, DIR/win-x64/libzstd.dll and DIR/LICENSE.
# Does nothing where they are. Says what it lacks and ends with 3 where it cannot: engines then use the managed port, at two thirds of the speed.
set -euo pipefail
mkdir -p "${1:?usage: libzstd.sh DIR}"
out=$(readlink -f "$1")
[ ! -e "$out/linux-x64/libzstd.so.1" ] || [ ! -e "$out/win-x64/libzstd.dll" ] || [ ! -e "$out/LICENSE" ] || exit 0

missing=''
for tool in apt-get dpkg-source gcc x86_64-w64-mingw32-gcc; do command -v "$tool" >/dev/null || missing+=" $tool"; done
if [ -n "$missing" ]; then
  echo "libzstd is not built, for want of:$missing. On Debian: apt-get install dpkg-dev gcc libc6-dev gcc-mingw-w64-x86-64-win32" >&2
  exit 3
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# The system may list no source packages: a list of our own, made from the places its packages come from, and kept apart.
apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' 'Origin: Debian' | sort -u |
  while read -r uri release; do echo "deb-src $uri $release main"; done >sources.list
mkdir -p lists/partial
options=(-qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root)
if ! { apt-get "${options[@]}" update && apt-get "${options[@]}" source libzstd; } >apt.log 2>&1; then
  echo "libzstd is not built: its source package cannot be had. $(tail -1 apt.log)" >&2
  exit 3
fi

cd libzstd-*/
sources=(lib/common/*.c lib/compress/*.c lib/decompress/*.c)
options=(-O3 -DNDEBUG -DZSTD_LEGACY_SUPPORT=0 -DXXH_NAMESPACE=ZSTD_ -shared -s)
mkdir -p "$out/linux-x64" "$out/win-x64"
gcc "${options[@]}" -fPIC -fvisibility=hidden -Wl,-soname,libzstd.so.1 "${sources[@]}" lib/decompress/*.S -o "$out/linux-x64/libzstd.so.1"
x86_64-w64-mingw32-gcc "${options[@]}" -DZSTD_DLL_EXPORT=1 -static-libgcc "${sources[@]}" -o "$out/win-x64/libzstd.dll"
cp LICENSE "$out/LICENSE"
dpkg-parsechangelog -S Version >"$out/VERSION"
