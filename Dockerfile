# The gateway in one image: `serve` (API, pages and background work) is the default command.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/ledgerway \
 && /opt/ledgerway/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY connectors connectors
COPY unified_models unified_models
COPY migrations migrations
COPY sandbox sandbox
RUN /opt/ledgerway/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/ledgerway --create-home ledgerway \
 && install --directory --owner ledgerway --mode 700 /var/lib/ledgerway/keyring  # a volume mounted here keeps its owner
COPY --from=build /opt/ledgerway /opt/ledgerway
ENV PATH=/opt/ledgerway/bin:$PATH PYTHONUNBUFFERED=1 LEDGERWAY_MODE=production
USER ledgerway
WORKDIR /var/lib/ledgerway
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["ledgerway"]
CMD ["serve", "--host", "0.0.0.0"]
