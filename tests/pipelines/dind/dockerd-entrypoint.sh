#!/bin/sh
# As docker's own does: makes keys for the engine and its clients, and starts it behind TLS.
set -e
# They are the job's, which is a client.
unset DOCKER_HOST DOCKER_TLS_VERIFY DOCKER_CERT_PATH
client="$DOCKER_TLS_CERTDIR/client"
mkdir -p /certificates "$client"
cd /certificates
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=docker"
sign() {
    openssl req $key -addext subjectAltName=DNS:docker -keyout "$2" -out request.pem
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -copy_extensions copy -out "$1"
}
openssl req -x509 $key -keyout ca-key.pem -out ca.pem
sign server.pem server-key.pem
sign "$client/cert.pem" "$client/key.pem"
cp ca.pem "$client/ca.pem"
exec start
