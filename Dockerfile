# Tenantry's image: the server alone, for the MongoDB that TENANTRY_MONGODB_URI names. There is no embedded database
# in it, and no secret: in production the server refuses to start until it is given its keys and its database.
#
# The base is pinned to a tag of one Python and one Debian release, so that every build takes in their security
# updates. Whoever wants the same bytes every time pins the digest that `docker buildx imagetools inspect` shows.

FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY requirements-image.lock ./
# Wheels only: nothing is compiled, so no compiler is needed. The environment itself has no pip.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --only-binary :all: -r requirements-image.lock

FROM python:3.13-slim-trixie
# A fixed number, so that volumes and policies can name the user.
RUN groupadd --gid 10001 tenantry \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tenantry
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TENANTRY_ENVIRONMENT=production \
    TENANTRY_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /venv /venv
COPY web/dist web/dist
COPY auth auth
COPY storage storage
COPY resolvers resolvers
COPY templates templates
COPY schema schema
COPY server.py ./
# The user may not write here, so the bytecode is made now.
RUN python -m compileall -q server.py schema resolvers storage auth
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Ready means that the database answers, too. The standard library's opener would ask a proxy of the environment.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + (os.environ.get('TENANTRY_PORT') or '8000') + '/readyz', timeout=4)"]
ENTRYPOINT ["python", "server.py"]
