{{/* The variables of the backend image. Called with (list $ role). */}}
{{- define "todo-app.backendEnv" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values -}}
- name: ROLE
  value: {{ index . 1 }}
- name: SECRET_KEY
  valueFrom:
    secretKeyRef: {name: {{ include "todo-app.appSecret" $root }}, key: SECRET_KEY}
- name: SECRET_KEY_FALLBACKS
  valueFrom:
    secretKeyRef: {name: {{ include "todo-app.appSecret" $root }}, key: SECRET_KEY_FALLBACKS, optional: true}
{{- if eq (index . 1) "api" }}
- name: GATEWAY_SECRET
  valueFrom:
    secretKeyRef: {name: {{ include "todo-app.appSecret" $root }}, key: GATEWAY_SECRET}
{{- end }}
- name: METRICS_TOKEN # without it /metrics is for this pod alone
  valueFrom:
    secretKeyRef: {name: {{ include "todo-app.appSecret" $root }}, key: METRICS_TOKEN, optional: true}
- name: DATABASE_URL
  valueFrom:
    {{- include "todo-app.databaseUrl" $root | nindent 4 }}
- name: DATABASE_POOL_SIZE
  value: {{ $values.database.poolSize | quote }}
- name: POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
- name: ALLOWED_HOSTS # browsers, the web app, probes, sidecars and port-forwards; Prometheus asks a pod by its address
  value: {{ printf "%s,todo-backend,localhost,127.0.0.1,$(POD_IP),[$(POD_IP)]" (index (splitList ":" (urlParse $values.origin).host) 0) | quote }}
- name: PUBLIC_ORIGINS
  value: {{ $values.origin | quote }}
- name: HTTPS
  value: {{ include "todo-app.https" $root }}
- name: MAX_BODY_BYTES
  value: {{ $values.maxBodyBytes | int64 | quote }}
- name: LOG_LEVEL
  value: {{ $values.logLevel }}
- name: GRACEFUL_TIMEOUT
  value: "25"
{{- if $values.email.existingSecret }}
- name: EMAIL_URL
  valueFrom:
    secretKeyRef: {name: {{ $values.email.existingSecret }}, key: EMAIL_URL}
- name: EMAIL_FROM
  value: {{ $values.email.from | quote }}
{{- end }}
- name: DAPR_ENABLED
  value: {{ $values.dapr.enabled | quote }}
{{- range $block := list "invocation" "pubsub" "state" "observability" }}
{{ include "todo-app.ceiling" (list $root $block) }}
{{- end }}
{{- if $values.dapr.enabled }}
{{ include "todo-app.daprApiTokenEnv" $root }}
- name: APP_API_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ include "todo-app.appApiToken" $root }}, key: token}
{{- end }}
{{- with $values.observability.otlpEndpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- range $name, $value := $values.extraEnv }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* Probes of gunicorn. The Host must be one of ALLOWED_HOSTS. */}}
{{- define "todo-app.backendProbes" -}}
startupProbe:
  httpGet: {path: /livez, port: http, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /readyz, port: http, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 2
livenessProbe:
  httpGet: {path: /livez, port: http, httpHeaders: [{name: Host, value: localhost}]}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
