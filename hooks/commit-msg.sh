#!/bin/sh
# Keeps living documents true; `phx hook uninstall` takes it away. A hook that stood here before runs first.
if [ -x "$0.before-phx" ]; then "$0.before-phx" "$@" || exit $?; fi
# Without an override and without a new stamp, which pre-commit notes, there is nothing to add to the message.
if [ -z "${PHX_OVERRIDE+set}" ] && [ ! -e "${1%/*}/phx/stamps" ]; then exit 0; fi
phx=@phx@
[ -x "$phx" ] || phx=$(command -v phx) || phx=$HOME/.cargo/bin/phx
[ -x "$phx" ] || exit 0
exec "$phx" hook run @hook@ "$@"
