# Builds the environment of checks of Rust code with BuildKit. The toolchain comes from an image. The
# packages of a Cargo.lock come from the package registry, each with its hash, and are compiled without a
# network, in a project without code.
ARG BASE
ARG RUST

FROM ${RUST} AS toolchain
ARG TOOLCHAIN
RUN --mount=type=secret,id=network --mount=type=secret,id=ca \
    if [ -e /run/secrets/network ]; then . /run/secrets/network; fi \
    && if command -v rustup > /dev/null; then rustup component add clippy rustfmt; fi \
    && found="$(rustc --version --verbose | sed -n 's/^release: //p')" \
    && case "${TOOLCHAIN}" in \
        "${found}" | nightly-* | beta-*) ;; \
        *) echo "the image has Rust ${found}, not ${TOOLCHAIN}" >&2; exit 1 ;; \
    esac \
    && mv "$(rustc --print sysroot)" /opt/rust

FROM ${BASE} AS rust
COPY --from=toolchain /opt/rust /opt/rust
ENV PATH=/opt/rust/bin:$PATH

FROM ${BASE} AS crates
RUN --mount=type=bind,source=crates.py,target=/crates.py \
    --mount=type=bind,source=crates.txt,target=/crates.txt \
    --mount=type=secret,id=network --mount=type=secret,id=ca \
    if [ -e /run/secrets/network ]; then . /run/secrets/network; fi \
    && python3 /crates.py /crates.txt /opt/crates

FROM rust AS compiled
RUN --mount=type=secret,id=network --mount=type=secret,id=ca \
    if [ -e /run/secrets/network ]; then . /run/secrets/network; fi \
    && apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends gcc libc6-dev pkg-config@{% for package in apt %} @{{ package }}@{% endfor %} \
    && rm -rf /var/lib/apt/lists/*
COPY --from=crates /opt/crates /opt/crates
RUN --network=none --mount=type=bind,source=skeleton,target=/app,rw \
    --mount=type=bind,source=compile.sh,target=/compile.sh sh -e /compile.sh
