#!/usr/bin/env bash
# Tests cutover-django under each Django, and the example app in a browser.
# usage: app.sh   (after python.sh, emulators.sh, browser.sh and a build of the programs)
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$PWD/target
[ ! -d "$target/node/bin" ] || export PATH="$target/node/bin:$PATH"
# Never what ran in between left behind.
export PYTHONDONTWRITEBYTECODE=1

work=$(mktemp -d "${TMPDIR:-/tmp}/cutover-app.XXXXXX")
trap 'rm -rf "$work"' EXIT
back=$target/app-django52/bin/python

# As pip installs it, so that nothing is missing from the package.
cp -R django "$work/source"
"$back" -m pip install --quiet --disable-pip-version-check --no-deps --target "$work/installed" "$work/source"
cp -R django/tests "$work/tests"
for environment in app-django42 app-django52 app-newest; do
  python=$target/$environment/bin/python
  if [ "$environment" = app-newest ] && [ ! -x "$python" ]; then
    echo "NOT TESTED: cutover-django under the newest Django, which needs Python 3.12"
    continue
  fi
  echo "cutover-django under Django $("$python" -m django --version)"
  (cd "$work" && PYTHONPATH=$work/installed DJANGO_SETTINGS_MODULE=tests.settings timeout 120 \
    "$python" -W error::DeprecationWarning -m django test)
done

for settings in cognito sessions; do
  (cd tests/app/back && PYTHONPATH=../../../django DJANGO_SETTINGS_MODULE="app.settings.$settings" \
    "$back" manage.py makemigrations --skip-checks --check --dry-run notes)
done
(cd tests/app/back && PYTHONPATH=../../../django DJANGO_SETTINGS_MODULE=app.settings.sessions \
  timeout 120 "$back" manage.py test)

echo "the front end: types, then a build"
(cd tests/app/front && timeout 120 npm run --silent build)

# A browser that hangs must not hang everything.
APP_PYTHON=$back timeout --kill-after=20 300 \
  node --test --test-concurrency=1 --test-timeout=170000 tests/browser/*.test.js
