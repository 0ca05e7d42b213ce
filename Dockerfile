# The backend image: api, worker and relay, chosen by ROLE and the command. `docker build -t todo-backend .`

# Pin by digest where the image is built: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes --only-binary=:all: -r requirements.txt
WORKDIR /app
COPY manage.py gunicorn.conf.py ./
COPY todo_project todo_project
COPY todos todos
COPY dapr_bridge dapr_bridge
# These values end with this step: nothing of them is in the image.
RUN SECRET_KEY=build DATABASE_URL=postgres://build@127.0.0.1/build STATIC_ROOT=/app/staticfiles \
    /venv/bin/python manage.py collectstatic --no-input
RUN /venv/bin/python -m compileall -q /venv/lib /app

FROM ${PYTHON_IMAGE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp STATIC_ROOT=/app/staticfiles BIND=0.0.0.0:8000
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
# A number, so that Kubernetes can check runAsNonRoot. Nothing below / is writable for it; only /tmp and /dev/shm are needed.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn"]
