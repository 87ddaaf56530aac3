{{- /* Both take a list of the root and the component's name. */ -}}
{{- define "certmanager.selector" -}}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/name: {{ ternary "cert-manager" (index . 1) (eq (index . 1) "controller") }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "certmanager.labels" -}}
{{ include "certmanager.selector" . }}
app: {{ ternary "cert-manager" (index . 1) (eq (index . 1) "controller") }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end -}}
