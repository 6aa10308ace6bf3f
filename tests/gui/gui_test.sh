#!/bin/bash
# usage: gui_test.sh ROOT OUT ZIP ENGINE_PYTHON MODEL     (as root)
# Builds a Debian 13 folder with Blender 4.3.2 in ROOT (3 minutes, 1.2 GB; kept and reused), installs the extension there
# with Blender's own command, and drives it, first without and then with a window. Screenshots and logs come into OUT.
set -euo pipefail
ROOT=$1 OUT=$2 ZIP=$3 export_engine=$4 model=$5; HERE=$(cd "$(dirname "$0")" && pwd)
if [ ! -e "$ROOT/.done" ]; then
  command -v mmdebstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends mmdebstrap; }
  rm -rf --one-file-system "$ROOT"
  mmdebstrap --variant=apt --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include=blender,python3-numpy,python3-venv,xvfb,libgl1-mesa-dri,libegl1,xdotool,imagemagick,ca-certificates,python3-cattr,python3-requests,python3-zstandard \
    trixie "$ROOT"
  ln -sf /proc/mounts "$ROOT/etc/mtab"; touch "$ROOT/.done"
fi
T=$(mktemp -d); cp "$HERE/driver.py" "$HERE/inside.sh" "$T"; cp "$ZIP" "$T/stochsync.zip"; cp -r "$model" "$T/model"
# the engine's environment, and the Python it was made from, appear inside at the same paths
ENGINE_ENV=$(dirname "$(dirname "$export_engine")"); BASE=$("$export_engine" -c 'import sys; print(sys.base_prefix)')
export ENGINE="$export_engine" MODEL=/t/model ENGINE_ENV BASE
# a mount and process namespace of its own: mounts vanish and every process dies with it
rc=0; timeout "${GUI_TIMEOUT:-900}" unshare --mount --pid --fork --kill-child bash -euc '
  mkdir -p "$1/t"; mount --bind "$2" "$1/t"; mount -t proc proc "$1/proc"; mount -t tmpfs tmpfs "$1/dev/shm"; mount -t tmpfs tmpfs "$1/tmp"
  for path in "$ENGINE_ENV" "$BASE"; do
    if [ "$path" != /usr ]; then mkdir -p "$1$path"; mount --bind "$path" "$1$path"; mount -o remount,bind,ro "$1$path"; fi
  done
  exec chroot "$1" /bin/bash /t/inside.sh' _ "$ROOT" "$T" || rc=$?
mkdir -p "$OUT"; cp -r "$T/out/." "$OUT/"; rm -rf "$T"; exit $rc
