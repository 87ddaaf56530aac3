package selfreport

import (
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/sets"
)

// polarity is what a type of condition means when it is True.
type polarity int

const (
	// neutral means that neither True nor False is a problem, or what it means is not known.
	neutral polarity = iota
	// wanted means that it should be True, and False is a problem.
	wanted
	// goal means that it becomes True later, and False means not yet.
	goal
	// fault means that it should be False, and True is a problem.
	fault
	// working means that True reports that the controller is working.
	working
	// halted means that True reports that reconciliation is suspended.
	halted
)

// polarities are the types of conditions whose name does not show the polarity, each
// with its author. All others are judged by their last word.
var polarities = map[string]polarity{
	"Reconciling": working, // kstatus
	"Stalled":     fault,

	"Progressing":                  neutral, // True of every Deployment that works; False is judged by its reason
	"ReplicaFailure":               fault,
	"Suspended":                    halted,  // batch/v1
	"DisruptionAllowed":            neutral, // Policy/v1, which has a judge
	"DisruptionTarget":             fault,   // core/v1, Pods
	"Initialized":                  goal,
	"Resizing":                     working, // core/v1, PersistentVolumeClaims
	"ModifyingVolume":              working,
	"NetworkUnavailable":           fault, // core/v1, Nodes
	"KernelDeadlock":               fault, // node-problem-detector
	"ReadonlyFilesystem":           fault,
	"CorruptDockerOverlay2":        fault,
	"PodReadyToStartContainers":    goal,
	"FileSystemResizePending":      working,
	"NamespaceContentRemaining":    working, // core/v1, Namespaces
	"NamespaceFinalizersRemaining": working,

	"NamesAccepted":                         wanted, // apiextensions.k8s.io
	"NonStructuralSchema":                   fault,
	"Terminating":                           working,
	"KubernetesAPIApprovalPolicyConformant": wanted,

	"Approved": neutral, // certificates.k8s.io, cert-manager
	"Denied":   fault,
	"Issuing":  neutral,
	"Dangling": fault, // flowcontrol.apiserver.k8s.io

	"Conflicted":           fault, // Gateway API
	"Detached":             fault,
	"PartiallyInvalid":     fault,
	"OverlappingTLSConfig": neutral,

	"NoPodsMatched":          fault, // VerticalPodAutoscaler
	"RecommendationProvided": goal,
	"Evicted":                working, // Kueue, which queues it again
	"Preempted":              working,
	"Admitted":               goal,    // Kueue, OpenShift's Routes
	"LastAsyncOperation":     wanted,  // Upjet
	"Released":               wanted,  // helm-controller
	"Active":                 neutral, // Knative, KEDA: False when scaled to zero
	"Paused":                 halted,  // KEDA, Argo Rollouts
	"Fallback":               fault,   // KEDA
	"PodRunning":             neutral, // Argo Workflows: False when it is over
	"ContinuousArchiving":    wanted,  // CloudNativePG
	"Warning":                neutral, // Strimzi: notes on deprecated fields, of clusters that work
	"UpgradeAvailable":       neutral, // what could be, not what is
	"UpdateAvailable":        neutral,
	"UpdatesAvailable":       neutral,
}

// wantedWords, goalWords and faultWords are the last words of types of
// conditions: "ControlPlaneReady", "LoadBalancerProvisioned", "SyncError".
var (
	wantedWords = sets.New(strings.Fields("Ready Available Healthy Succeeded Successful Success Programmed Accepted Valid Validated Synced Synchronized " +
		"Reachable Resolved Refs Reconciled Verified Established Conformant Operational Functional")...)
	goalWords = sets.New(strings.Fields("Complete Completed Initialized Bound Scheduled Launched Registered Provisioned Created Deployed Installed " +
		"Attached Allocated Finished Promoted Published Applied Started Configured Loaded Joined Generated Reserved")...)
	faultWords = sets.New(strings.Fields("Pressure Error Errors Failed Failure Failures Failing Unavailable Unhealthy Degraded Conflict Conflicted Conflicts " +
		"Conflicting Missing Invalid Expired Rejected Unreachable Misconfigured Exceeded Corrupt Corrupted Unsupported Lost Broken Stuck " +
		"Blocked Stalled Problem Problems Crashing Violation Violations Warning Warnings")...)
)

// ShowsProblem reports whether a condition of that type shows by its status whether the
// object has a problem.
func ShowsProblem(conditionType string) bool {
	p := polarityOf(conditionType)
	return p == fault || p == wanted
}

// polarityOf is what a type of condition means.
func polarityOf(kind string) polarity {
	if _, short, qualified := strings.Cut(kind, "/"); qualified {
		kind = short // "example.org/Ready"
	}
	if known, ok := polarities[kind]; ok {
		return known
	}
	if strings.HasPrefix(kind, "Frequent") { // node-problem-detector: FrequentKubeletRestart
		return fault
	}
	if strings.HasSuffix(kind, "UpToDate") { // Argo CD
		return wanted
	}
	words := camelWords(kind)
	if len(words) == 0 {
		return neutral
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	negated := before == "Not" || before == "No"
	switch {
	case (last == "Paused" || last == "Suspended") && !negated:
		return halted
	case words[0] == "Too" && len(words) > 2: // Longhorn: TooManySnapshots
		return fault
	case wantedWords.Has(last) && negated, faultWords.Has(before) && last == "Occurred", words[0] == "Invalid":
		return fault
	case faultWords.Has(last) && negated:
		return wanted
	case negated:
		return neutral
	case wantedWords.Has(last):
		return wanted
	case goalWords.Has(last):
		return goal
	case faultWords.Has(last):
		return fault
	}
	return neutral
}

// camelWords are the words of a name in camel case.
func camelWords(name string) []string {
	var words []string
	start := 0
	for i, r := range name {
		if i > start && unicode.IsUpper(r) {
			words, start = append(words, name[start:i]), i
		}
	}
	if start < len(name) {
		words = append(words, name[start:])
	}
	return words
}

// failureWords and progressWords are words in the reasons of conditions.
var (
	failureWords = sets.New(strings.Fields("Fail Failed Fails Failing Failure Error Errors Err Invalid Denied Rejected Forbidden Missing Unhealthy Exceeded " +
		"Timeout Conflict Conflicted Unable Cannot Unauthorized Aborted Unschedulable Refused Degraded Unsupported Incompatible Expired " +
		"Stalled Unresolved Mismatch Duplicate Crash Crashed Unavailable Terminated Evicted Lost Out Claimed")...)
	progressWords = sets.New(strings.Fields("Creating Pending Progressing Progress Reconciling Provisioning Waiting Wait Initializing Deploying Updating " +
		"Upgrading Scaling Installing Starting Running Deleting Issuing Syncing Booting Scheduling Started Downloading Binding " +
		"Configuring Attaching Joining Cloning Importing Restoring")...)
)

// tellsFailure reports whether a reason indicates a failure.
func tellsFailure(reason string) bool {
	words := camelWords(reason)
	for i, word := range words {
		if failureWords.Has(word) || word == "Found" && i > 0 && words[i-1] == "Not" || word == "Off" && i > 0 && words[i-1] == "Back" {
			return true
		}
	}
	return false
}

// tellsPause reports whether a reason indicates that the object is intentionally not
// reconciled: ReconcilePaused of Crossplane, Paused of Cluster API, SuspendedByUser.
func tellsPause(reason string) bool {
	words := camelWords(reason)
	paused := slices.ContainsFunc(words, func(word string) bool { return word == "Paused" || word == "Suspended" })
	return paused && !slices.Contains(words, "Not") && !tellsFailure(reason)
}

// tellsProgress reports whether a reason indicates that something is in progress.
func tellsProgress(reason string) bool {
	if tellsFailure(reason) {
		return false
	}
	for _, word := range camelWords(reason) {
		if progressWords.Has(word) {
			return true
		}
	}
	return false
}
