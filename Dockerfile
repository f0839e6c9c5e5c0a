# The base install, as a user without rights over the system:
#   docker build -t srcnn .
#   docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/pictures" srcnn upscale photo.jpg
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
COPY weights weights
COPY man man
# For other commands, for instance: docker build --build-arg EXTRAS='[bench]' -t srcnn .
ARG EXTRAS=''
RUN python -m venv /opt/srcnn \
    && /opt/srcnn/bin/pip install --no-cache-dir -c constraints.txt ".$EXTRAS"

FROM python:3.13-slim
COPY --from=build /opt/srcnn /opt/srcnn
ENV PATH=/opt/srcnn/bin:$PATH
RUN useradd --uid 1000 --create-home srcnn
USER 1000
WORKDIR /pictures
ENTRYPOINT ["srcnn"]
CMD ["--help"]
