# Where everything is, and what every script here does the same way. Sourced, never run.
# shellcheck shell=bash disable=SC2034
# ROOT is a folder to work in instead of the machine, for trials; then nothing needs root and systemd is not asked
# unless SYSTEMCTL says by what.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${ROOT:-}
systemctl=${SYSTEMCTL:-systemctl}
program=$root/opt/storewire
versions=$program/versions
current=$program/current
state=$root/var/lib/storewire-edge
backups=$root/var/lib/storewire-backups
settings=$root/etc/storewire
units=$root/etc/systemd/system
rules=$root/etc/udev/rules.d
modules=$root/etc/modules-load.d
service=storewire-edge.service
agent_user=storewire-edge
kiosk_user=storewire-kiosk

say() { printf '%s\n' "$*"; }

fail() {
  printf 'storewire: %s\n' "$*" >&2
  exit 1
}

need_root() {
  [ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "run this as root: sudo $0"
}

# The agent's files belong to its user, so whatever looks at them runs as that user.
as_agent() {
  if [ -z "$root" ] && [ "$(id -u)" -eq 0 ]; then
    runuser -u "$agent_user" -- "$@"
  else
    "$@"
  fi
}

current_version() {
  [ -L "$current" ] || return 0
  basename "$(readlink "$current")"
}

# Make a link point elsewhere in one step: after a power cut it points to the old or to the new, never to nothing.
point() {
  ln -sfn "$2" "$1.new"
  mv -T "$1.new" "$1"
  sync -f "$(dirname "$1")" 2>/dev/null || sync
}

put_file() {
  if ! cmp -s "$1" "$2"; then
    install -D -m "$3" "$1" "$2"
    say "written: $2"
    return 0
  fi
  return 1
}

enrolled() { [ -d "$state/identity" ]; }

one_at_a_time() {
  mkdir -p "$program"
  exec 9>"$program/.lock"
  flock -n 9 || fail "another installation or upgrade runs on this machine; wait for its end"
}
