{{/* The sidecar of one app, as components/ and tools/sidecars.py describe it for a local run. Called with (list $ "backend"). */}}
{{- define "todo-app.daprAnnotations" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $resources := $root.Values.dapr.resources -}}
dapr.io/enabled: "true"
dapr.io/app-id: todo-{{ $component }}
dapr.io/config: todo-{{ $component }}
{{- if ne $component "frontend" }}
dapr.io/app-port: "8000"
dapr.io/app-protocol: http
{{- end }}
dapr.io/disable-init-endpoints: {{ ternary "config" "config,subscribe" (eq $component "worker") | quote }}
dapr.io/max-body-size: {{ ternary "4Mi" "21Mi" (eq $component "worker") }}
dapr.io/read-buffer-size: 16Ki
{{- if eq $component "worker" }}
# Only so does the sidecar stop taking events while its app is away.
dapr.io/enable-app-health-check: "true"
dapr.io/app-health-check-path: /livez
dapr.io/app-health-probe-interval: "1"
dapr.io/app-health-threshold: "3"
{{- end }}
dapr.io/api-token-secret: {{ include "todo-app.daprApiToken" $root }}
dapr.io/app-token-secret: {{ include "todo-app.appApiToken" $root }}
# The operator resolves the secrets of components: no pod needs an account at Kubernetes' API.
dapr.io/disable-builtin-k8s-secret-store: "true"
# Starts before the app and stops after it.
dapr.io/enable-native-sidecar: "true"
dapr.io/sidecar-seccomp-profile-type: RuntimeDefault
dapr.io/sidecar-cpu-request: {{ $resources.requests.cpu | quote }}
dapr.io/sidecar-cpu-limit: {{ $resources.limits.cpu | quote }}
dapr.io/sidecar-memory-request: {{ $resources.requests.memory | quote }}
dapr.io/sidecar-memory-limit: {{ $resources.limits.memory | quote }}
dapr.io/log-as-json: "true"
dapr.io/log-level: {{ $root.Values.dapr.logLevel }}
{{- if $root.Values.observability.annotations }}
prometheus.io/scrape: "true"
prometheus.io/port: "9090"
prometheus.io/path: /
{{- end }}
{{- end }}

{{/* The ceiling of a block. Called with (list $ "state"). */}}
{{- define "todo-app.ceiling" -}}
- name: DAPR_{{ upper (index . 1) }}_ENABLED
  value: {{ and (index . 0).Values.dapr.enabled (get (index . 0).Values.dapr (index . 1)) | quote }}
{{- end }}

{{/* What the sidecar asks of its app. */}}
{{- define "todo-app.daprApiTokenEnv" -}}
- name: DAPR_API_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ include "todo-app.daprApiToken" . }}, key: token}
{{- end }}

{{/* Where a component finds Redis. */}}
{{- define "todo-app.redisMetadata" -}}
{{- if .Values.valkey.enabled -}}
- name: redisHost
  value: todo-valkey:6379
- name: redisPassword
  secretKeyRef: {name: todo-valkey, key: password}
- name: enableTLS
  value: "false"
{{- else -}}
- name: redisHost
  value: {{ .Values.redis.host | quote }}
{{- with .Values.redis.username }}
- name: redisUsername
  value: {{ . | quote }}
{{- end }}
{{- with .Values.redis.existingSecret }}
- name: redisPassword
  secretKeyRef: {name: {{ . }}, key: password}
{{- end }}
- name: enableTLS
  value: {{ .Values.redis.tls | quote }}
{{- end }}
{{- end }}
