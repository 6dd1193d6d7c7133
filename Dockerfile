# The image of workers, gateway and migrations (docker-compose.yml). glibc, because Temporal's core has no build for musl.
# Sources run as they are through tsx: there is no build step, only an install and the generated database client.
FROM node:20.20.2-bookworm-slim AS install
# better-sqlite3 is compiled where its download is not to be had
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ ca-certificates && rm -rf /var/lib/apt/lists/*
RUN npm install --global npm@11.19.1
WORKDIR /evergreen
COPY . .
ENV CHECKPOINT_DISABLE=1 DO_NOT_TRACK=1 TURBO_TELEMETRY_DISABLED=1
# the dashboard is built here, once: the image has no Vite
RUN node -e "import('./scripts/set-up.mjs').then((setUp) => { setUp.ensureDependencies(); setUp.ensureClient(); })" \
  && node --import tsx dashboard/build.ts /evergreen/.cache/evergreen \
  && npm prune --omit=dev

FROM node:20.20.2-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
  && mkdir /state && chown node:node /state
WORKDIR /evergreen
COPY --from=install --chown=root:root /evergreen /evergreen
ENV NODE_ENV=production EVERGREEN_HOME=/state XDG_CACHE_HOME=/evergreen/.cache CHECKPOINT_DISABLE=1 DO_NOT_TRACK=1 LITE_TELEMETRY=0 MEM0_TELEMETRY=false
USER node
VOLUME /state
EXPOSE 24320
ENTRYPOINT ["node", "--import", "tsx"]
CMD ["workers/main.ts", "all"]
