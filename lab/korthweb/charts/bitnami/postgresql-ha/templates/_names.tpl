{{- define "pg.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name }}
{{- else -}}
{{ .Release.Name }}-{{ .Chart.Name }}
{{- end -}}
{{- end -}}

{{- /* The rest take a list of the root and the component: postgresql or pgpool. */ -}}
{{- define "pg.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "pg.labels" -}}
{{ include "pg.selector" . }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pg.podLabels" -}}
{{- $values := (index . 0).Values -}}
{{- $own := (index $values (index . 1)).podLabels -}}
{{ include "pg.selector" . }}
{{- with merge dict $own $values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pg.derive" -}}
{{- $root := index . 0 -}}
{{ printf "%s/%s/%s" $root.Release.Namespace $root.Release.Name (index . 1) | sha256sum | trunc 16 }}
{{- end -}}
