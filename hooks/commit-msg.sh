#!/bin/sh
# Validates living documents; run `phx hook uninstall` to remove this hook. A previous hook runs first.
if [ -x "$0.before-phx" ]; then "$0.before-phx" "$@" || exit $?; fi
# Trailers are added only with an override or a new stamp. The pre-commit hook writes the stamps file.
if [ -z "${PHX_OVERRIDE+set}" ] && [ ! -e "${1%/*}/phx/stamps" ]; then exit 0; fi
phx=@phx@
[ -x "$phx" ] || phx=$(command -v phx) || phx=$HOME/.cargo/bin/phx
[ -x "$phx" ] || exit 0
exec "$phx" hook run @hook@ "$@"
