# Two steps: what installs packages is not in what serves.
FROM python:3.11-slim AS build
COPY requirements.lock /tmp/
RUN python -m venv /srv/venv \
    && /srv/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock \
    && /srv/venv/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data digi && install -d -o digi -m 700 /data
COPY --from=build /srv/venv /srv/venv
COPY app.py LICENSE /srv/digi/
COPY bot /srv/digi/bot
COPY content /srv/digi/content
COPY dialogs /srv/digi/dialogs
COPY storage /srv/digi/storage
WORKDIR /srv/digi
USER digi
ENV DIGI_HOME=/data DIGI_HOST=0.0.0.0 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
EXPOSE 8642
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/srv/venv/bin/python", "-c", \
    "import urllib.request as u; u.urlopen('http://127.0.0.1:8642/readyz', timeout=4)"]
ENTRYPOINT ["/srv/venv/bin/python", "app.py"]
CMD ["run"]
