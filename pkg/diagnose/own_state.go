package diagnose

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// judge tells what an object says about its own state. Ready means that nothing
// in the object says otherwise.
type judge func(x *examiner, obj *unstructured.Unstructured) exam

// judgesByKind are the judges of the kinds that conventions alone don't judge
// right: their state is in fields of their own, or they have none.
func judgesByKind() map[schema.GroupKind]judge {
	judges := map[schema.GroupKind]judge{
		health.PodKind:         judgePod,
		health.DeploymentKind:  judgeWorkload,
		health.StatefulSetKind: judgeWorkload,
		daemonSetKind:          judgeWorkload,
		replicaSetKind:         judgeWorkload,

		replicationControllerKind: judgeWorkload,
		jobKind:                   judgeJob,
		cronJobKind:               judgeCronJob,
		autoscalerKind:            judgeAutoscaler,

		claimKind:  judgeClaim,
		volumeKind: judgeVolume,
		{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:               judgeAttachment,
		{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshot"}:        judgeSnapshot,
		{Group: "snapshot.storage.k8s.io", Kind: "VolumeSnapshotContent"}: judgeSnapshot,
		{Group: "resource.k8s.io", Kind: "ResourceClaim"}:                 judgeResourceClaim,

		secretKind: judgeSecret,
		nodeKind:   judgeNode,
		quotaKind:  judgeQuota,
		{Group: "policy", Kind: "PodDisruptionBudget"}:                                    judgeBudget,
		{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}:                 judgeSigning,
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        judgePolicy,
		{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: judgePolicyBinding,
		{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicyBinding"}:   judgePolicyBinding,

		health.ServiceKind:                            judgeService,
		endpointSliceKind:                             judgeEndpointSlice,
		{Kind: "Endpoints"}:                           judgeEndpoints,
		health.GatewayKind:                            judgeIstio,
		health.VirtualServiceKind:                     judgeIstio,
		{Group: "networking.k8s.io", Kind: "Ingress"}: judgeIngress,

		apiServiceKind: conventional,

		{Group: "wgpolicyk8s.io", Kind: "PolicyReport"}:        judgeReport,
		{Group: "wgpolicyk8s.io", Kind: "ClusterPolicyReport"}: judgeReport,
		{Group: "openreports.io", Kind: "Report"}:              judgeReport,
		{Group: "openreports.io", Kind: "ClusterReport"}:       judgeReport,

		health.NamespaceKind:                        judgeNamespace,
		{Group: "argoproj.io", Kind: "Application"}: judgeApplication,
	}
	for _, gk := range stateless {
		judges[gk] = judgeStateless
	}
	return judges
}

// ownState is what an object says about itself.
func (x *examiner) ownState(obj *unstructured.Unstructured) exam {
	judge := x.registry.judges[finding.RefOf(obj).GroupKind()]
	if judge == nil {
		judge = conventional
	}
	e := judge(x, obj)
	if why, ok := unreadableCondition(obj); ok && (e.verdict.Status == health.Ready || e.verdict.Status == health.Unknown) {
		e.verdict = notJudged(obj, why)
	}
	if e.verdict.Status == health.Ready && len(e.findings) == 0 {
		for _, c := range ownConditions(obj) {
			if c.warns() {
				e.findings = ownFinding(obj, health.Ready, codeOwnWarning, finding.Warning, cmp.Or(c.Reason, c.Type), c.says(), c.Since, c.proof(obj)).findings
				break
			}
		}
	}
	return e
}

// explainDirectly completes what a walk found out about an object that the user
// asked about. Its causes are printed however young they are: their age decides
// the severity. Where the walk has no cause, what the object says about itself
// is told. A user who asks about a tenant gets neither: there, what may pass by
// itself is no cause.
func (w *walk) explainDirectly(s *Subject) {
	obj := w.x.snap.Lookup(s.Ref).Object
	if obj == nil {
		return
	}
	if len(s.Causes) == 0 {
		w.explainOwnState(s, obj)
	}
	if obj.GetDeletionTimestamp() != nil {
		addObstacle(s, obj)
	}
	for i := range s.Causes {
		w.addDetails(&s.Causes[i])
	}
	s.doubt(obj)
	w.addWarning(s, obj)
	if s.Verdict.Message == "" && len(s.Causes) > 0 {
		s.Verdict.Message = s.Causes[0].Message
	}
}

// doubt makes the verdict Unknown where a condition can't be read that may say
// otherwise: the object is ready but for that, or nothing says why it is not.
func (s *Subject) doubt(obj *unstructured.Unstructured) {
	why, ok := unreadableCondition(obj)
	unexplained := func(c Cause) bool { return c.Code == codeNotReadyForUnknown }
	if !ok || s.Verdict.Status != health.Ready && (s.Verdict.Status != health.Progressing || slices.ContainsFunc(s.Causes, func(c Cause) bool { return !unexplained(c) })) {
		return
	}
	s.Causes = slices.DeleteFunc(s.Causes, unexplained)
	s.Verdict = notJudged(obj, why)
}

// explainOwnState follows an object without a cause as one that has failed, and
// then goes by what it says about itself.
func (w *walk) explainOwnState(s *Subject, obj *unstructured.Unstructured) {
	if s.Verdict.Status == health.Progressing || s.Verdict.Status == health.Failing {
		s.addCauses(w.x, w.from(s.Ref, true))
	}
	if len(s.Causes) == 0 {
		w.takeOwnState(s, obj)
		return
	}
	for i := range s.Causes {
		if s.Verdict.Status == health.Progressing {
			w.soften(&s.Causes[i])
		}
	}
}

// addObstacle adds what an object that is being deleted says is in the way to the
// cause about it, where that does not say so.
func addObstacle(s *Subject, obj *unstructured.Unstructured) {
	why, proof, ok := obstacle(obj)
	if !ok || len(s.Causes) != 1 || !s.Causes[0].Ref.Same(s.Ref) || strings.Contains(s.Causes[0].Message, why) {
		return
	}
	c := &s.Causes[0]
	if slices.ContainsFunc(c.Evidence, func(e finding.Evidence) bool { return e.Ref.Same(proof.Ref) && e.Field == proof.Field }) {
		return
	}
	c.Message += "; " + why
	c.Evidence = append(slices.Clone(c.Evidence), proof)
}

// fail makes a subject that its explainer found ready one that has failed, and
// the ends of paths that lead to it.
func (s *Subject) fail() {
	s.Verdict.Status = health.Failing
	for i := range s.Causes {
		path := slices.Clone(s.Causes[i].Path)
		for j := range path {
			if path[j].Ref.Same(s.Ref) {
				path[j].Status = health.Failing
			}
		}
		s.Causes[i].Path = path
	}
}

// soften makes a cause of what is in progress a warning, and its path that of
// what has not failed.
func (w *walk) soften(c *Cause) {
	if c.Severity == finding.Critical {
		c.Severity = finding.Warning
	}
	c.Path = slices.Clone(c.Path)
	for i, step := range c.Path {
		v := w.x.examine(step.Ref, false).verdict
		c.Path[i].Status, c.Path[i].Note = v.Status, string(v.Reason)
	}
}

// takeOwnState takes what the object says about itself.
func (w *walk) takeOwnState(s *Subject, obj *unstructured.Unstructured) {
	own, ok := w.x.besides(s.Verdict, obj)
	if !ok {
		return
	}
	if own.verdict.Status.Worse(s.Verdict.Status) {
		s.Verdict = own.verdict
	}
	if s.Verdict.Message == "" {
		s.Verdict.Message = own.verdict.Message
	}
	step := Step{Ref: s.Ref, Status: s.Verdict.Status, Note: string(s.Verdict.Reason)}
	var out outcome
	for _, f := range own.findings {
		if s.Verdict.Status == health.Failing && own.verdict.Status == health.Progressing {
			f.Severity = finding.Critical // its explainer knows for how long it may take
		}
		out.causes = append(out.causes, foundCause{Finding: f, path: []Step{step}})
	}
	out.unknown = union(union(nil, s.Unknown), own.unknown)
	s.addCauses(w.x, out)
}

// readyBut is an object that works, and of which a condition tells a failure that
// does not count: tests of a HelmRelease, which ignores them.
func readyBut(obj *unstructured.Unstructured) (exam, bool) {
	for _, c := range ownConditions(obj) {
		if c.verdict() == health.Failing {
			return ownFinding(obj, health.Ready, codeOwnWarning, finding.Warning, c.Reason, c.says(), c.Since, c.proof(obj)), true
		}
	}
	return exam{}, false
}

// besides is what the object says beside its explainer's verdict. Where its kind
// has no judge, the conventions for all kinds don't change that verdict: its
// conditions are what proves it.
func (x *examiner) besides(v health.Verdict, obj *unstructured.Unstructured) (exam, bool) {
	gk := finding.RefOf(obj).GroupKind()
	if x.registry.judges[gk] != nil || x.registry.byKind[gk] == nil {
		own := x.ownState(obj)
		silent := own.verdict.Status == health.Ready && len(own.findings) == 0
		if !silent || x.registry.byKind[gk] == nil || v.Status == health.Ready {
			return own, true
		}
	}
	code, severity := codeOtherNotReady, finding.Critical
	switch v.Status {
	case health.Ready:
		return readyBut(obj)
	case health.Unknown:
		return exam{}, false
	case health.Progressing:
		code, severity = codeUnderWay, finding.Warning
	case health.Suspended:
		code, severity = codeHalted, finding.Info
	}
	if e, ok := x.deleted(obj); ok {
		e.verdict = v
		return e, true
	}
	proof := quoteFields(obj, "spec.suspend", "spec.replicas")
	if v.Status != health.Suspended {
		proof = nil
		for _, c := range ownConditions(obj) {
			if c.verdict() != health.Ready {
				proof = append(proof, c.proof(obj))
			}
		}
	}
	if v.Message == "" && v.Reason == "" && len(proof) == 0 {
		return exam{}, false
	}
	says := cmp.Or(firstLine(v.Message), string(v.Reason))
	if own, ok := byConditions(obj, ownConditions(obj)); ok && v.Status == health.Failing && tellsFailure(string(own.verdict.Reason)) && !tellsFailure(string(v.Reason)) {
		says += "; " + own.verdict.Message // Flux rolled a release back: that is not what failed
	}
	e := ownFinding(obj, v.Status, code, severity, string(v.Reason), says, v.Since, proof...)
	e.verdict = v
	return e, true
}
