# SPDX-License-Identifier: BSD-3-Clause
# Sourced by tests/run and tests/demo.  Becomes root by sudo if necessary, installs Python if it is
# missing, and runs a module of tests/vm.  vm/host.py installs other packages when they are needed.

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# start MODULE ARGUMENT...
start() {
  local module=$1
  shift
  if [ "$(id -u)" != 0 ]; then
    for word; do
      # Help needs no privileges.
      case $word in -h | --help) exec python3 -B -m "vm.$module" "$@" ;; esac
    done
    command -v sudo >/dev/null || {
      echo "$0: making Debian trees and mounting inside private namespaces needs root: run it as root" >&2
      exit 1
    }
    echo "$0: installing packages and making Debian trees needs root: continuing with sudo"
    exec sudo --preserve-env=XDG_CACHE_HOME,CHOS_NO_KVM,CHOS_LONG,CHOS_SEED "$0" "$@"
  fi
  if [ ! -x /usr/bin/python3 ]; then
    echo "installing python3 ..."
    (apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
      install python3-minimal python3) </dev/null || {
      echo "$0: apt-get could not install python3; see above" >&2
      exit 1
    }
  fi
  cd "$tests" || exit 1
  exec /usr/bin/python3 -B -m "vm.$module" "$@"
}
