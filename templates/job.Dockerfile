# The image of jobs: the base image, the environments of all checks, and cargo-pipe.
ARG BASE
FROM ${BASE}
ARG GRANTS
COPY --chmod=755 cargo-pipe /usr/local/bin/cargo-pipe
RUN --mount=type=bind,source=project,target=/project \
    --mount=type=secret,id=network --mount=type=secret,id=ca \
    if [ -e /run/secrets/network ]; then . /run/secrets/network; fi \
    && CARGO_PIPE_CACHE_DIR=/opt/cargo-pipe CARGO_PIPE_ALLOW="${GRANTS}" \
       cargo-pipe pipe -C /project build --engine venv \
    && chmod -R a+rX /opt/cargo-pipe
ENV CARGO_PIPE_ENVIRONMENTS=/opt/cargo-pipe/environments
