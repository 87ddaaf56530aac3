package lint

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/api"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/mesh"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/pki"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/secret"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/workload"
)

// rules are all rules, in the order of their codes.
var rules = slices.Concat(
	flux.Rules, api.Rules, workload.Rules, secret.Rules, pki.Rules, mesh.Rules,
)

// Rules are all rules, in the order of their families.
func Rules() []*rule.Rule { return append(slices.Clone(rules), commentRule) }
