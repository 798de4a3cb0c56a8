# The provider, for production: docker build -t tenantry .
# Any image with Node 24 or newer on glibc will do, for every platform that it is for: docker buildx build --platform linux/amd64,linux/arm64 .
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
# 1 adds what sends traces with OpenTelemetry.
ARG TRACING=
WORKDIR /source
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund \
 && npm pack --workspace tenantry --pack-destination /tmp \
 && npm install --prefix /app --omit=dev --ignore-scripts --no-audit --no-fund /tmp/tenantry-*.tgz ${TRACING:+@opentelemetry/sdk-node@0.223.0}

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Tenantry" \
      org.opencontainers.image.description="OAuth server whose tokens are bound to one user, one company and one app" \
      org.opencontainers.image.licenses="MIT"
# Its own user, who owns nothing but the data.
RUN mkdir -m 700 /data && chown 10001:10001 /data
COPY --from=build /app /app
USER 10001:10001
ENV NODE_ENV=production \
    TENANTRY_HOST=0.0.0.0 \
    TENANTRY_METRICS_HOST=0.0.0.0 \
    NODE_DISABLE_COMPILE_CACHE=1
WORKDIR /data
VOLUME /data
EXPOSE 4040
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "/app/node_modules/tenantry/bin/health.js"]
ENTRYPOINT ["node", "/app/node_modules/tenantry/bin/tenantry.cjs"]
CMD ["serve"]
