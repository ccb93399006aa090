#!/bin/sh
# Validates living documents; run `phx hook uninstall` to remove this hook. A previous hook runs first.
refs=$(cat; echo .) refs=${refs%.}
if [ -x "$0.before-phx" ]; then printf '%s' "$refs" | "$0.before-phx" "$@" || exit $?; fi
phx=@phx@
[ -x "$phx" ] || phx=$(command -v phx) || phx=$HOME/.cargo/bin/phx
if [ ! -x "$phx" ]; then
  echo "warning: phx not found; documents were not validated" >&2
  exit 0
fi
printf '%s' "$refs" | "$phx" hook run @hook@ "$@"
