package selfreport

import (
	"slices"
	"strings"
	"unicode"
)

// Polarity is what a type of condition means when it is True.
type Polarity int

const (
	// Neutral: neither True nor False is a problem, or what it means is not known.
	Neutral Polarity = iota
	// Wanted: it should be True, and False is a problem.
	Wanted
	// Goal: it becomes True later, and False means not yet.
	Goal
	// Fault: it should be False, and True is a problem.
	Fault
	// Working: True means that the controller is working.
	Working
	// Halted: True means that reconciliation is suspended.
	Halted
)

// polarities are the types of conditions whose name does not show the polarity, each
// with its author. All others are judged by their last word.
var polarities = map[string]Polarity{
	"Reconciling": Working, // kstatus
	"Stalled":     Fault,

	"Progressing":                  Neutral, // True of every Deployment that works; False is judged by its reason
	"ReplicaFailure":               Fault,
	"Suspended":                    Halted,  // batch/v1
	"DisruptionAllowed":            Neutral, // Policy/v1, which has a judge
	"DisruptionTarget":             Fault,   // core/v1, Pods
	"Initialized":                  Goal,
	"Resizing":                     Working, // core/v1, PersistentVolumeClaims
	"ModifyingVolume":              Working,
	"NetworkUnavailable":           Fault, // core/v1, Nodes
	"KernelDeadlock":               Fault, // node-problem-detector
	"ReadonlyFilesystem":           Fault,
	"CorruptDockerOverlay2":        Fault,
	"PodReadyToStartContainers":    Goal,
	"FileSystemResizePending":      Working,
	"NamespaceContentRemaining":    Working, // core/v1, Namespaces
	"NamespaceFinalizersRemaining": Working,

	"NamesAccepted":                         Wanted, // apiextensions.k8s.io
	"NonStructuralSchema":                   Fault,
	"Terminating":                           Working,
	"KubernetesAPIApprovalPolicyConformant": Wanted,

	"Approved": Neutral, // certificates.k8s.io, cert-manager
	"Denied":   Fault,
	"Issuing":  Neutral,
	"Dangling": Fault, // flowcontrol.apiserver.k8s.io

	"Conflicted":           Fault, // Gateway API
	"Detached":             Fault,
	"PartiallyInvalid":     Fault,
	"OverlappingTLSConfig": Neutral,

	"NoPodsMatched":          Fault, // VerticalPodAutoscaler
	"RecommendationProvided": Goal,
	"Evicted":                Working, // Kueue, which queues it again
	"Preempted":              Working,
	"Admitted":               Goal,    // Kueue, OpenShift's Routes
	"LastAsyncOperation":     Wanted,  // Upjet
	"Released":               Wanted,  // helmFailure-controller
	"Active":                 Neutral, // Knative, KEDA: False when scaled to zero
	"Paused":                 Halted,  // KEDA, Argo Rollouts
	"Fallback":               Fault,   // KEDA
	"PodRunning":             Neutral, // Argo Workflows: False when it is over
	"ContinuousArchiving":    Wanted,  // CloudNativePG
	"Warning":                Neutral, // Strimzi: notes on deprecated fields, of clusters that work
	"UpgradeAvailable":       Neutral, // what could be, not what is
	"UpdateAvailable":        Neutral,
	"UpdatesAvailable":       Neutral,
}

// wantedWords, goalWords and faultWords are the last words of types of
// conditions: "ControlPlaneReady", "LoadBalancerProvisioned", "SyncError".
var (
	wantedWords = wordSet("Ready Available Healthy Succeeded Successful Success Programmed Accepted Valid Validated Synced Synchronized " +
		"Reachable Resolved Refs Reconciled Verified Established Conformant Operational Functional")
	goalWords = wordSet("Complete Completed Initialized Bound Scheduled Launched Registered Provisioned Created Deployed Installed " +
		"Attached Allocated Finished Promoted Published Applied Started Configured Loaded Joined Generated Reserved")
	faultWords = wordSet("Pressure Error Errors Failed Failure Failures Failing Unavailable Unhealthy Degraded Conflict Conflicted Conflicts " +
		"Conflicting Missing Invalid Expired Rejected Unreachable Misconfigured Exceeded Corrupt Corrupted Unsupported Lost Broken Stuck " +
		"Blocked Stalled Problem Problems Crashing Violation Violations Warning Warnings")
)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// PolarityOf is what a type of condition means.
func PolarityOf(kind string) Polarity {
	if _, short, qualified := strings.Cut(kind, "/"); qualified {
		kind = short // "example.org/Ready"
	}
	if known, ok := polarities[kind]; ok {
		return known
	}
	if strings.HasPrefix(kind, "Frequent") { // node-problem-detector: FrequentKubeletRestart
		return Fault
	}
	if strings.HasSuffix(kind, "UpToDate") { // Argo CD
		return Wanted
	}
	words := camelWords(kind)
	if len(words) == 0 {
		return Neutral
	}
	last, before := words[len(words)-1], ""
	if len(words) > 1 {
		before = words[len(words)-2]
	}
	negated := before == "Not" || before == "No"
	switch {
	case (last == "Paused" || last == "Suspended") && !negated:
		return Halted
	case words[0] == "Too" && len(words) > 2: // Longhorn: TooManySnapshots
		return Fault
	case wantedWords[last] && negated, faultWords[before] && last == "Occurred", words[0] == "Invalid":
		return Fault
	case faultWords[last] && negated:
		return Wanted
	case negated:
		return Neutral
	case wantedWords[last]:
		return Wanted
	case goalWords[last]:
		return Goal
	case faultWords[last]:
		return Fault
	}
	return Neutral
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
	failureWords = wordSet("Fail Failed Fails Failing Failure Error Errors Err Invalid Denied Rejected Forbidden Missing Unhealthy Exceeded " +
		"Timeout Conflict Conflicted Unable Cannot Unauthorized Aborted Unschedulable Refused Degraded Unsupported Incompatible Expired " +
		"Stalled Unresolved Mismatch Duplicate Crash Crashed Unavailable Terminated Evicted Lost Out Claimed")
	progressWords = wordSet("Creating Pending Progressing Progress Reconciling Provisioning Waiting Wait Initializing Deploying Updating " +
		"Upgrading Scaling Installing Starting Running Deleting Issuing Syncing Booting Scheduling Started Downloading Binding " +
		"Configuring Attaching Joining Cloning Importing Restoring")
)

// TellsFailure reports whether a reason indicates a failure.
func TellsFailure(reason string) bool {
	words := camelWords(reason)
	for i, word := range words {
		if failureWords[word] || word == "Found" && i > 0 && words[i-1] == "Not" || word == "Off" && i > 0 && words[i-1] == "Back" {
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
	return paused && !slices.Contains(words, "Not") && !TellsFailure(reason)
}

// TellsProgress reports whether a reason indicates that something is in progress.
func TellsProgress(reason string) bool {
	if TellsFailure(reason) {
		return false
	}
	for _, word := range camelWords(reason) {
		if progressWords[word] {
			return true
		}
	}
	return false
}
