{{- define "istiod.labels" -}}
app: istiod
istio: pilot
istio.io/rev: default
release: {{ .Release.Name }}
{{- end -}}
