# syntax=docker/dockerfile:1
# The switch, the worker and every other `dce` command in one image.

FROM node:20-bookworm-slim AS build
WORKDIR /build
ENV XDG_CACHE_HOME=/build/.cache
COPY package.json package-lock.json ./
COPY scripts ./scripts
# Packages without their install scripts, and without `npm ci`: scripts/lib/packages.mjs says why. Then
# the media worker, downloaded or built. Both before the sources, so that a change of those costs neither.
RUN apt-get update && node scripts/setup.mjs packages media-worker
COPY tsconfig.json tsconfig.build.json vite.config.mjs ./
COPY src ./src
RUN node scripts/setup.mjs dist \
  && npm prune --omit=dev --omit=optional --ignore-scripts --no-save --no-audit --no-fund \
  && cp .cache/dce/mediasoup-worker/*/mediasoup-worker /build/mediasoup-worker

FROM node:20-bookworm-slim
# tini hands signals on and buries what the media worker leaves; the libraries are the media worker's.
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    tini libssl3 libuv1 libsrtp2-1 libusrsctp2 libabsl20220623 \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0750 /var/lib/dce
WORKDIR /opt/dce
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY --from=build /build/mediasoup-worker /usr/local/bin/mediasoup-worker
COPY migrations ./migrations
COPY freeswitch/prompts ./freeswitch/prompts
COPY dialplans ./dialplans
RUN ln -s /opt/dce/dist/cli.js /usr/local/bin/dce && chmod 0755 /opt/dce/dist/cli.js
ENV NODE_ENV=production \
  DCE_ENVIRONMENT=production \
  DCE_DATA_DIR=/var/lib/dce \
  DCE_MEDIASOUP_WORKER_BIN=/usr/local/bin/mediasoup-worker
USER node
VOLUME /var/lib/dce
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/opt/dce/dist/health.js"]
ENTRYPOINT ["tini", "--", "dce"]
CMD ["switch"]
