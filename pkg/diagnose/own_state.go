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

// judge is what an object reports about its own state. Ready means that nothing in the
// object indicates a problem.
type judge func(x *examiner, obj *unstructured.Unstructured) exam

// judgesByKind are the judges of the kinds that conventions alone do not judge
// correctly: their state is in specific fields, or they have none.
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

// ownState is what an object reports about itself.
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

// explainDirectly completes the result of a walk for a requested object. Its causes are
// printed however recent they are: their age determines the severity. If the walk has
// no cause, the state that the object reports is printed. For a requested tenant,
// neither is done: there, what may become ready is no cause.
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
	s.doubtVerdict(obj)
	w.addWarning(s, obj)
	if s.Verdict.Message == "" && len(s.Causes) > 0 {
		s.Verdict.Message = s.Causes[0].Message
	}
}

// doubtVerdict sets the verdict to Unknown if a condition that may contradict it can't be
// parsed: the object is ready otherwise, or nothing explains why it is not.
func (s *Subject) doubtVerdict(obj *unstructured.Unstructured) {
	why, ok := unreadableCondition(obj)
	unexplained := func(c Cause) bool { return c.Code == codeNotReadyForUnknown }
	if !ok || s.Verdict.Status != health.Ready && (s.Verdict.Status != health.Progressing || slices.ContainsFunc(s.Causes, func(c Cause) bool { return !unexplained(c) })) {
		return
	}
	s.Causes = slices.DeleteFunc(s.Causes, unexplained)
	s.Verdict = notJudged(obj, why)
}

// explainOwnState follows an object without a cause as one that has failed, and then
// uses what it reports about itself.
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
			w.downgrade(&s.Causes[i])
		}
	}
}

// addObstacle adds to the cause about a deleted object what prevents its deletion
// according to the object itself, unless the cause has it.
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

// markFailing changes a subject that its explainer judged ready to failing, together with the
// ends of the paths that lead to it.
func (s *Subject) markFailing() {
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

// downgrade changes a cause in progress to a warning, and its path to one that has not
// failed.
func (w *walk) downgrade(c *Cause) {
	if c.Severity == finding.Critical {
		c.Severity = finding.Warning
	}
	c.Path = slices.Clone(c.Path)
	for i, step := range c.Path {
		v := w.x.examine(step.Ref, false).verdict
		c.Path[i].Status, c.Path[i].Note = v.Status, string(v.Reason)
	}
}

// takeOwnState uses what the object reports about itself.
func (w *walk) takeOwnState(s *Subject, obj *unstructured.Unstructured) {
	own, ok := w.x.alsoReported(s.Verdict, obj)
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

// readyWithFailure reports a working object with a condition about a failure that does not
// count: the tests of a HelmRelease that ignores them.
func readyWithFailure(obj *unstructured.Unstructured) (exam, bool) {
	for _, c := range ownConditions(obj) {
		if c.verdict() == health.Failing {
			return ownFinding(obj, health.Ready, codeOwnWarning, finding.Warning, c.Reason, c.says(), c.Since, c.proof(obj)), true
		}
	}
	return exam{}, false
}

// alsoReported is what the object reports in addition to the verdict of its explainer. If
// its kind has no judge, the conventions for all kinds do not change that verdict: its
// conditions are the evidence.
func (x *examiner) alsoReported(v health.Verdict, obj *unstructured.Unstructured) (exam, bool) {
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
		return readyWithFailure(obj)
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
