package plugin

import (
	"context"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/validate"
)

// diagnosisOf explains for validate why a tenant is not ready.
func diagnosisOf(call *command.Call) validate.Diagnose {
	return func(ctx context.Context, tenantName string) (*diagnose.Explanation, error) {
		e := &explainOptions{call: call, args: []string{tenantName}}
		_, last, err := e.read(ctx)
		if err == nil {
			err = last.err
		}
		if err != nil {
			return nil, err
		}
		return &last.explanation, nil
	}
}
