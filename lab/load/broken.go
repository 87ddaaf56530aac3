package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Healthy is the state of a copy that is not broken.
const Healthy = "healthy"

// Faults are the ways in which a copy can be broken, in the order in which they are used. The
// objects are those that the controllers of the lab leave after the faults image-tag-gone,
// chart-version, chart-template and issuer-secret (lab/faults/catalogue), which
// pkg/diagnose/testdata has recorded.
func Faults() []string { return []string{"image", "chart", "upgrade", "issuer"} }

// Break changes the objects of a healthy copy to those of a broken one.
func Break(tenant, fault string, objects []Object, at time.Time) ([]Object, error) {
	b := &breaker{tenant: tenant, namespace: tenant + "-orthweb", at: at.UTC().Format(time.RFC3339), objects: slices.Clone(objects)}
	switch fault {
	case Healthy:
	case "image":
		b.image()
	case "chart":
		b.chart()
	case "upgrade":
		b.upgrade()
	case "issuer":
		b.issuer()
	default:
		return nil, fmt.Errorf("unknown fault %q: known are %s", fault, strings.Join(Faults(), ", "))
	}
	return b.objects, b.err
}

// breaker changes the objects of one tenant.
type breaker struct {
	tenant, namespace, at string
	objects               []Object
	err                   error
}

// get returns a copy of an object that replaces it.
func (b *breaker) get(kind, namespace, objectName string) Object {
	return b.first(kind, namespace, func(o Object) bool { return o.GetName() == objectName }, objectName)
}

func (b *breaker) first(kind, namespace string, is func(Object) bool, what string) Object {
	for i, o := range b.objects {
		if o.GetKind() == kind && o.GetNamespace() == namespace && is(o) {
			b.objects[i] = o.DeepCopy()
			return b.objects[i]
		}
	}
	if b.err == nil {
		b.err = fmt.Errorf("tenant %s has no %s %s", b.tenant, kind, what)
	}
	return &unstructured.Unstructured{Object: map[string]any{}}
}

// remove removes an object.
func (b *breaker) remove(kind, objectName string) {
	b.objects = slices.DeleteFunc(b.objects, func(o Object) bool {
		return o.GetKind() == kind && o.GetNamespace() == b.namespace && o.GetName() == objectName
	})
}

// add adds a copy of an object under another name, with another UID.
func (b *breaker) add(o Object, objectName string) Object {
	o = o.DeepCopy()
	o.SetName(objectName)
	o.SetUID(types.UID(derivedUID(b.tenant, name(o))))
	b.objects = append(b.objects, o)
	return o
}

// set sets a field.
func (b *breaker) set(o Object, value any, path ...string) {
	if err := unstructured.SetNestedField(o.Object, value, path...); err != nil && b.err == nil {
		b.err = err
	}
}

// condition sets a condition of the current generation.
func (b *breaker) condition(o Object, kind, status, reason, message string) {
	b.conditionOf(o, 0, kind, status, reason, message)
}

// conditionOf sets a condition of a relative generation.
func (b *breaker) conditionOf(o Object, generation int64, kind, status, reason, message string) {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	c := map[string]any{"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": b.at}
	if strings.HasSuffix(o.GroupVersionKind().Group, ".fluxcd.io") || o.GroupVersionKind().Group == "cert-manager.io" && o.GetKind() != "CertificateRequest" {
		c["observedGeneration"] = generation
	}
	at := slices.IndexFunc(list, func(item any) bool { m, _ := item.(map[string]any); return m["type"] == kind })
	if at < 0 {
		list = append(list, c)
	} else {
		list[at] = c
	}
	b.set(o, list, "status", "conditions")
}

// layer makes a layer fail its health checks.
func (b *breaker) layer(layer, waitsFor string) {
	o := b.get("Kustomization", "flux-system", b.tenant+"-"+layer)
	revision, _, _ := unstructured.NestedString(o.Object, "status", "lastAppliedRevision")
	timeout, _, _ := unstructured.NestedString(o.Object, "spec", "timeout")
	waiting := fmt.Sprintf("timeout waiting for: [%s status: 'InProgress']", waitsFor)
	failed := fmt.Sprintf("health check failed after %s: %s", timeout, waiting)
	b.condition(o, "Reconciling", "True", "ProgressingWithRetry", fmt.Sprintf("Running health checks for revision %s with a timeout of %s", revision, timeout))
	b.condition(o, "Ready", "False", "HealthCheckFailed", failed)
	b.condition(o, "Healthy", "False", "HealthCheckFailed", waiting)
	history, _, _ := unstructured.NestedSlice(o.Object, "status", "history")
	history = append([]any{map[string]any{
		"digest": derivedDigest(b.tenant, failed), "firstReconciled": b.at, "lastReconciled": b.at, "lastReconciledDuration": timeout,
		"lastReconciledStatus": "HealthCheckFailed", "metadata": map[string]any{"revision": revision}, "totalReconciliations": int64(1),
	}}, history...)
	b.set(o, history, "status", "history")
	b.warn(o, "kustomize-controller", "HealthCheckFailed", failed)
}

// waits makes the application wait for the dependencies.
func (b *breaker) waits() {
	o := b.get("Kustomization", "flux-system", b.tenant+"-application")
	b.condition(o, "Ready", "False", "DependencyNotReady", fmt.Sprintf("dependency 'flux-system/%s-dependency' is not ready", b.tenant))
}

// warn adds an event about an object.
func (b *breaker) warn(o Object, component, reason, message string) {
	about := map[string]any{
		"apiVersion": o.GetAPIVersion(), "kind": o.GetKind(), "name": o.GetName(), "namespace": o.GetNamespace(), "uid": string(o.GetUID()),
	}
	b.add(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata":       map[string]any{"namespace": o.GetNamespace(), "labels": map[string]any{cluster.CopyLabel: "true"}},
		"involvedObject": about, "reason": reason, "message": message, "type": "Warning", "count": int64(1),
		"firstTimestamp": b.at, "lastTimestamp": b.at, "reportingComponent": component, "source": map[string]any{"component": component},
	}}, o.GetName()+"."+derivedUID(b.tenant, o.GetKind()+reason+message)[:8]+derivedUID(b.tenant, message)[:8])
}

// goneImage is an image that its registry does not have.
const goneImage = "osimis/orthanc:20.4.1"

// image is F19: a rollout of Orthanc whose image can't be pulled. The previous Pods stay.
func (b *breaker) image() {
	isOrthanc := func(o Object) bool { return strings.HasPrefix(o.GetName(), "orthanc-") }
	deployment := b.get("Deployment", b.namespace, "orthanc")
	set := b.first("ReplicaSet", b.namespace, isOrthanc, "orthanc-…")
	pod := b.first("Pod", b.namespace, isOrthanc, "orthanc-…")
	if b.err != nil {
		return
	}
	previous := set.GetLabels()["pod-template-hash"]
	hash := derivedUID("", goneImage)[:8]
	renamed := func(o Object) string { return strings.ReplaceAll(o.GetName(), previous, hash) }
	rehash := func(o Object, paths ...[]string) {
		for _, path := range paths {
			labels, _, _ := unstructured.NestedStringMap(o.Object, path...)
			labels = maps.Clone(labels)
			labels["pod-template-hash"] = hash
			if err := unstructured.SetNestedStringMap(o.Object, labels, path...); err != nil {
				b.err = err
			}
		}
	}
	next := b.add(set, renamed(set))
	rehash(next, []string{"metadata", "labels"}, []string{"spec", "template", "metadata", "labels"}, []string{"spec", "selector", "matchLabels"})
	b.setImage(next, "spec", "template", "spec", "containers")
	b.set(next, int64(1), "spec", "replicas")
	b.set(next, map[string]any{"replicas": int64(1), "fullyLabeledReplicas": int64(1), "observedGeneration": int64(0)}, "status")

	waiting := b.add(pod, renamed(pod))
	rehash(waiting, []string{"metadata", "labels"})
	owners := waiting.GetOwnerReferences()
	for i := range owners {
		owners[i].Name, owners[i].UID = next.GetName(), next.GetUID()
	}
	waiting.SetOwnerReferences(owners)
	b.setImage(waiting, "spec", "containers")
	reason := fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %[1]q: failed to resolve reference %[1]q: %[2]s: not found", "docker.io/"+goneImage, "docker.io/"+goneImage)
	b.podWaits(waiting, "ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", goneImage, reason))
	b.warn(waiting, "kubelet", "Failed", fmt.Sprintf("Failed to pull image %q: %s", goneImage, reason))
	b.warn(waiting, "kubelet", "Failed", "Error: ErrImagePull")
	b.warn(waiting, "kubelet", "Failed", "Error: ImagePullBackOff")

	b.setImage(deployment, "spec", "template", "spec", "containers")
	replicas, _, _ := unstructured.NestedInt64(deployment.Object, "status", "replicas")
	b.set(deployment, replicas+1, "status", "replicas")
	b.set(deployment, int64(1), "status", "unavailableReplicas")
	b.set(deployment, int64(1), "status", "updatedReplicas")
	b.condition(deployment, "Progressing", "True", "ReplicaSetUpdated", fmt.Sprintf("ReplicaSet %q is progressing.", next.GetName()))
	b.layer("application", "Deployment/"+b.namespace+"/orthanc")
}

// setImage sets the image of the first container.
func (b *breaker) setImage(o Object, path ...string) {
	list, _, _ := unstructured.NestedSlice(o.Object, path...)
	if len(list) > 0 {
		list[0].(map[string]any)["image"] = goneImage
	}
	b.set(o, list, path...)
}

// podWaits makes the first container of a Pod wait, as a kubelet reports it.
func (b *breaker) podWaits(pod Object, reason, message string) {
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	container, _ := containers[0].(map[string]any)
	b.set(pod, "Pending", "status", "phase")
	b.set(pod, []any{map[string]any{
		"name": container["name"], "image": container["image"], "imageID": "", "ready": false, "started": false, "restartCount": int64(0),
		"state": map[string]any{"waiting": map[string]any{"reason": reason, "message": message}},
	}}, "status", "containerStatuses")
	unready := fmt.Sprintf("containers with unready status: [%v]", container["name"])
	b.condition(pod, "Ready", "False", "ContainersNotReady", unready)
	b.condition(pod, "ContainersReady", "False", "ContainersNotReady", unready)
}

// chart is F08: the version of a chart does not exist.
func (b *breaker) chart() {
	const version = "12.3.4"
	missing := fmt.Sprintf("invalid chart reference: failed to get chart version for remote reference: no 'postgresql-ha' chart with version matching '%s' found", version)
	chart := b.get("HelmChart", "flux-system", b.namespace+"-postgres-ha")
	b.set(chart, version, "spec", "version")
	b.condition(chart, "Stalled", "True", "InvalidChartReference", missing)
	b.condition(chart, "Ready", "False", "InvalidChartReference", missing)
	b.condition(chart, "FetchFailed", "True", "InvalidChartReference", missing)
	b.warn(chart, "source-controller", "InvalidChartReference", missing)
	release := b.get("HelmRelease", b.namespace, "postgres-ha")
	b.set(release, version, "spec", "chart", "spec", "version")
	b.condition(release, "Reconciling", "True", "Progressing", "Fulfilling prerequisites")
	b.condition(release, "Ready", "False", "SourceNotReady", fmt.Sprintf("HelmChart 'flux-system/%s' is not ready: %s", chart.GetName(), missing))
	b.behind(release, "lastAttemptedGeneration")
	b.failsDependency("HelmRelease/" + b.namespace + "/postgres-ha")
}

// upgrade is F14: a template of a chart fails with the values of the release.
func (b *breaker) upgrade() {
	release := b.get("HelmRelease", b.namespace, "postgres-ha")
	version, _, _ := unstructured.NestedString(release.Object, "spec", "chart", "spec", "version")
	failed := fmt.Sprintf("Helm upgrade failed for release %s/postgres-ha with chart postgresql-ha@%s: error merging manifests: parsing postgresql-ha/templates/pgpool.yaml: MalformedYAMLError: yaml: line 36: mapping values are not allowed in this context", b.namespace, version)
	b.set(release, "a: b: c", "spec", "values", "pgpool", "image", "tag")
	b.condition(release, "Reconciling", "True", "Progressing", "Running 'upgrade' action with timeout of 5m0s")
	b.condition(release, "Ready", "False", "UpgradeFailed", failed)
	b.condition(release, "Released", "False", "UpgradeFailed", failed)
	b.set(release, int64(7), "status", "failures")
	b.set(release, "upgrade", "status", "lastAttemptedReleaseAction")
	b.behind(release)
	b.warn(release, "helm-controller", "UpgradeFailed", failed)
	b.failsDependency("HelmRelease/" + b.namespace + "/postgres-ha")
}

// issuer is F27: the issuer references a Secret that does not exist, and the certificate must be
// issued again.
func (b *breaker) issuer() {
	issuer := b.get("Issuer", b.namespace, "int-ca-issuer")
	b.set(issuer, "int-ca", "spec", "ca", "secretName")
	missing := `secrets "int-ca" not found`
	b.condition(issuer, "Ready", "False", "ErrGetKeyPair", "Error getting keypair for CA issuer: "+missing)
	b.warn(issuer, "cert-manager-issuers", "ErrGetKeyPair", "Error getting keypair for CA issuer: "+missing)
	b.warn(issuer, "cert-manager-issuers", "ErrInitIssuer", "Error initializing issuer: "+missing)
	certificate := b.get("Certificate", b.namespace, "orthweb-cert")
	secret, _, _ := unstructured.NestedString(certificate.Object, "spec", "secretName")
	const issuing, next = "Issuing certificate as Secret does not exist", "orthweb-cert-w4ccz"
	b.condition(certificate, "Ready", "False", "DoesNotExist", issuing)
	b.condition(certificate, "Issuing", "True", "DoesNotExist", issuing)
	b.set(certificate, next, "status", "nextPrivateKeySecretName")
	for _, field := range []string{"notAfter", "notBefore", "renewalTime"} {
		unstructured.RemoveNestedField(certificate.Object, "status", field)
	}
	key := b.add(b.get("Secret", b.namespace, secret), next)
	b.set(key, "Opaque", "type")
	unstructured.RemoveNestedField(key.Object, "data", "tls.crt")
	unstructured.RemoveNestedField(key.Object, "data", "ca.crt")
	b.remove("Secret", secret)
	request := b.add(b.first("CertificateRequest", b.namespace, func(o Object) bool { return strings.HasPrefix(o.GetName(), "orthweb-cert-") }, "orthweb-cert-…"), "orthweb-cert-2")
	annotations := request.GetAnnotations()
	annotations["cert-manager.io/certificate-revision"], annotations["cert-manager.io/private-key-secret-name"] = "2", next
	request.SetAnnotations(annotations)
	unstructured.RemoveNestedField(request.Object, "status", "certificate")
	unstructured.RemoveNestedField(request.Object, "status", "ca")
	b.condition(request, "Ready", "False", "Pending", "Referenced issuer does not have a Ready status condition")
	b.failsDependency("Certificate/" + b.namespace + "/orthweb-cert")
}

// failsDependency makes the layer of dependencies fail its health checks, and the application
// wait for it.
func (b *breaker) failsDependency(waitsFor string) {
	b.layer("dependency", waitsFor)
	b.waits()
}

// behind makes the status that of the previous generation, with further fields.
func (b *breaker) behind(o Object, fields ...string) {
	for _, field := range append(fields, "observedGeneration") {
		b.set(o, int64(-1), "status", field)
	}
}

func derivedDigest(tenant, text string) string {
	return "sha256:" + strings.ReplaceAll(derivedUID(tenant, text)+derivedUID(text, tenant), "-", "")
}
