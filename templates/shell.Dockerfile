# Adds docker's client to the image of a check, for `cargo pipe bash --docker-socket`.
ARG BASE
FROM ${BASE}
USER root
RUN --mount=type=secret,id=network --mount=type=secret,id=ca \
    if [ -e /run/secrets/network ]; then . /run/secrets/network; fi \
    && apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends docker-cli \
    && rm -rf /var/lib/apt/lists/*
