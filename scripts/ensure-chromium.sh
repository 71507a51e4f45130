#!/bin/sh
# Installs the browser that the browser test drives, unless it is there: a Debian package, and a font for the screenshot.
set -eu
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] && exit 0
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
# Only one process can use apt-get.
lock="${TMPDIR:-/tmp}/evertoken-apt.lock"
as_root flock "$lock" apt-get update -qq
as_root env DEBIAN_FRONTEND=noninteractive flock "$lock" apt-get install -y -qq --no-install-recommends chromium fonts-inter
