{{/* Labels of everything; `component` is frontend, backend, worker or migrate. Called with (list $ component). */}}
{{- define "todo-app.labels" -}}
{{ include "todo-app.selector" . }}
app.kubernetes.io/part-of: todo-app
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end }}

{{/* What selects the pods of one component; never changes. */}}
{{- define "todo-app.selector" -}}
app.kubernetes.io/name: todo-{{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}

{{/* The same for what Prometheus and Grafana look for, with the labels that they look for. */}}
{{- define "todo-app.monitoringLabels" -}}
{{ include "todo-app.labels" (list . "monitoring") }}
{{- with .Values.observability.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* An image by digest, or by the one tag. Called with (list $ "backend"). */}}
{{- define "todo-app.image" -}}
{{- $images := (index . 0).Values.images -}}
{{- $image := get $images (index . 1) -}}
{{- with $images.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $images.tag | default (index . 0).Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "todo-app.pullSecrets" -}}
[{{ range $index, $name := .Values.images.pullSecrets }}{{ if $index }}, {{ end }}{name: {{ $name }}}{{ end }}]
{{- end }}

{{/* Pod and container as Kubernetes' "restricted" profile wants them. Called with a user's number. */}}
{{- define "todo-app.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "todo-app.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Replicas over nodes and zones, counted within one release of the pod template. Called with (list $ component). */}}
{{- define "todo-app.spread" -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "todo-app.selector" $ | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}

{{- define "todo-app.appSecret" -}}
{{ .Values.secrets.existingApp | default "todo-app-secrets" }}
{{- end }}

{{- define "todo-app.daprApiToken" -}}
{{ .Values.secrets.existingDaprApiToken | default "todo-dapr-api-token" }}
{{- end }}

{{- define "todo-app.appApiToken" -}}
{{ .Values.secrets.existingAppApiToken | default "todo-app-api-token" }}
{{- end }}

{{- define "todo-app.databaseUrl" -}}
{{- if .Values.postgresql.enabled -}}
secretKeyRef: {name: todo-postgresql, key: DATABASE_URL}
{{- else -}}
secretKeyRef: {name: {{ .Values.database.existingSecret }}, key: {{ .Values.database.key }}}
{{- end }}
{{- end }}

{{- define "todo-app.https" -}}
{{ hasPrefix "https://" .Values.origin | quote }}
{{- end }}

{{/* Whether anything of this installation uses Redis. */}}
{{- define "todo-app.usesRedis" -}}
{{- if and .Values.dapr.enabled (or .Values.dapr.pubsub .Values.dapr.state) }}yes{{ end }}
{{- end }}

{{/*
Whether there may be sidecars that read Dapr's objects. Where the cluster has Dapr, Configuration and Resiliency stay though dapr.enabled goes:
daprd starts again when one of them is deleted, and the sidecars of all pods that are still to be replaced would do so at once.
*/}}
{{- define "todo-app.daprKnown" -}}
{{- if or .Values.dapr.enabled (.Capabilities.APIVersions.Has "dapr.io/v1alpha1") }}yes{{ end }}
{{- end }}

{{/* The value of a secret of ours: what the cluster has, else a new one. Called with (list $ secret key length). */}}
{{- define "todo-app.kept" -}}
{{- $found := lookup "v1" "Secret" (index . 0).Release.Namespace (index . 1) -}}
{{- $old := get (($found).data | default dict) (index . 2) -}}
{{- $old | default (randAlphaNum (index . 3) | b64enc) -}}
{{- end }}

{{/* Refuses combinations of values that could not work. */}}
{{- define "todo-app.checks" -}}
{{- if and (include "todo-app.usesRedis" .) (not .Values.valkey.enabled) (not .Values.redis.host) }}
{{- fail "valkey.enabled is false and redis.host is empty: name your Redis (host:port), or set dapr.pubsub and dapr.state to false." }}
{{- end }}
{{- if and .Values.observability.otlpEndpoint (not (urlParse .Values.observability.otlpEndpoint).host) }}
{{- fail "observability.otlpEndpoint has no host: write it like http://collector.monitoring:4318." }}
{{- end }}
{{- if and .Values.observability.annotations (not .Values.dapr.enabled) }}
{{- fail "observability.annotations are for the metrics of sidecars, and dapr.enabled is false: use observability.monitors." }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (or .Values.observability.monitors .Values.observability.annotations) (not .Values.networkPolicy.metricsFrom) }}
{{- fail "Prometheus is told of metrics that the network policies keep from it: name its pods in networkPolicy.metricsFrom." }}
{{- end }}
{{- end }}
