# syntax=docker/dockerfile:1

# docker build -t callvault .
#
# The image has the program, the certificates that it trusts when it asks a
# database or another server, and two folders. It has no shell.

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH CGO_ENABLED=0 \
	go build -trimpath -buildvcs=auto -ldflags='-s -w' -o /image/callvault ./cmd/callvault
# SQLite sorts what is large in files of /tmp. 65534 is nobody.
RUN mkdir -p /image/etc/ssl/certs /image/data \
	&& install -d -m 1777 /image/tmp \
	&& cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
	&& chown 65534:65534 /image/data && chmod 700 /image/data

FROM scratch
COPY --from=build /image /
ENV CALLVAULT_DB=/data/callvault.db CALLVAULT_LISTEN=0.0.0.0:8080
USER 65534:65534
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=40s CMD ["/callvault", "healthcheck"]
ENTRYPOINT ["/callvault"]
CMD ["serve"]
