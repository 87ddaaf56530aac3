package apierror

import (
	"testing"
)

func TestAPIErrorReports(t *testing.T) {
	conversion, _ := Parse(`Certificate/bhs-orthweb/int-ca-cert dry-run failed, error: conversion webhook for cert-manager.io/v1alpha2, Kind=Certificate failed: Post "https://cert-manager-webhook.cert-manager.svc:443/convert?timeout=30s": service "cert-manager-webhook" not found`)
	want := Webhook{Name: "for conversion of Certificate", Failure: WebhookNoService, ServiceName: "cert-manager-webhook", ServiceNamespace: "cert-manager", Port: 443, Path: "/convert"}
	if got := conversion.Webhook; conversion.Problem != ProblemWebhook || got.Name != want.Name || got.Failure != want.Failure || got.ServiceName != want.ServiceName ||
		got.ServiceNamespace != want.ServiceNamespace || got.Port != want.Port || got.Path != want.Path {
		t.Errorf("apiextensions-apiserver v0.36: %s %+v, want %+v", conversion.Problem, got, want)
	}
	for message, access := range map[string]Access{
		`Role/a/reader dry-run failed, reason: Forbidden, error: roles.rbac.authorization.k8s.io "reader" is forbidden: user "system:serviceaccount:a:flux" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:` + "\n" + `{APIGroups:[""], Resources:["secrets"], Verbs:["list"]}`: {User: "system:serviceaccount:a:flux", Escalates: `{APIGroups:[""], Resources:["secrets"], Verbs:["list"]}`},
		`roles.rbac.authorization.k8s.io "reader" is forbidden: something else`: {},
	} {
		if got, _ := Parse(message); got.Access != access {
			t.Errorf("%q: %+v, want %+v", message, got.Access, access)
		}
	}
}
