#!/usr/bin/env bash
# need.sh [--optional] COMMAND[=PACKAGE]...
#
# Sees to it that each COMMAND, or file with its whole path, is there: installs Debian's
# PACKAGE (by default of the same name) when it is not. Says plainly what it could not
# install, and then fails, unless --optional comes first.
set -euo pipefail

optional=false
if [[ ${1:-} == --optional ]]; then
	optional=true
	shift
fi

# Debian keeps ip and nft where a plain user's PATH does not reach.
PATH=$PATH:/usr/sbin:/sbin

is_there() { command -v "$1" >/dev/null || [[ $1 == /* && -e $1 ]]; }

missing=() packages=()
for want in "$@"; do
	command=${want%%=*}
	if ! is_there "$command"; then
		missing+=("$command")
		packages+=("${want#*=}")
	fi
done
if [[ ${#missing[@]} -eq 0 ]]; then
	exit 0
fi

install_packages() {
	local root=()
	if [[ $(id -u) -ne 0 ]]; then
		command -v sudo >/dev/null || { echo "need.sh: not root, and no sudo" >&2; return 1; }
		root=(sudo)
	fi
	command -v apt-get >/dev/null || { echo "need.sh: no apt-get on this machine" >&2; return 1; }
	echo "installing ${packages[*]} with apt-get"
	"${root[@]}" apt-get -q update >/dev/null &&
		"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get -q -y install --no-install-recommends "${packages[@]}" >/dev/null
}

# The outcome is judged below, by what is there.
install_packages </dev/null || true

left=()
for command in "${missing[@]}"; do
	is_there "$command" || left+=("$command")
done
if [[ ${#left[@]} -gt 0 ]]; then
	echo "could not install: ${left[*]}. Please install by hand (Debian: ${packages[*]})." >&2
	$optional || exit 1
fi
