#!/bin/sh
# Installs what the tests need besides Go and Node: a C compiler (the race detector), openssl (a test certificate) and
# Chromium. What is there is left alone. Installing needs root on Debian; otherwise this says what is missing.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

missing=
have gcc || have clang || missing="$missing gcc libc6-dev"
have openssl || missing="$missing openssl"
have "${PARLEY_CHROMIUM:-chromium}" || have chromium-browser || have google-chrome || missing="$missing chromium"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! have apt-get; then
	echo "Missing for the tests:$missing. Install them, for example: sudo apt-get install$missing" >&2
	exit 1
fi
echo "Installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word for each package
apt-get install -y -qq --no-install-recommends $missing >/dev/null
