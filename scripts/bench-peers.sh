#!/usr/bin/env bash
# Installs what `evergreen bench` compares with into the cache folder: npm and Python packages at fixed versions, no part of the product.
# Run it once; a bench names a peer that is not there and goes on without it. Remove the folder to uninstall.
set -euo pipefail

folder="${XDG_CACHE_HOME:-$HOME/.cache}/evergreen/peers"
mkdir -p "$folder"
cd "$folder"

printf '{ "name": "evergreen-bench-peers", "version": "0.0.0", "private": true }\n' > package.json
npm install --no-audit --no-fund --save-exact graphile-worker@0.17.3 pg-boss@10.4.2 lighthouse@12.8.2

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check highspy==1.15.1 clarabel==0.11.1 numpy==2.4.6 scipy==1.17.1 pyxirr==0.10.8 duckdb==1.5.5 duckdb-extension-postgres-scanner==1.5.5 rapidfuzz==3.14.6
# builds on ICU's headers (Debian: libicu-dev, pkg-config); bench screen goes on without it
venv/bin/pip install --quiet --disable-pip-version-check nomenklatura==4.17.4 || echo "nomenklatura could not be installed: bench screen leaves logic-v2 out."

echo "Peers are in $folder"
command -v pgbench > /dev/null || echo "pgbench is not on the PATH: bench events and bench rls will say what they leave out (Debian: postgresql-contrib)."
