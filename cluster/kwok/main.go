// Command kwok plays the nodes and their pods; it is apart from the control plane because both
// define a global --version flag.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"

	"holdfast.dev/cluster/lifeline"
)

func main() {
	lifeline.Hold()
	if err := run(signals.SetupSignalContext()); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot run kwok: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// --config is read before the command exists, because it supplies the command's defaults.
	early := pflag.NewFlagSet("early", pflag.ContinueOnError)
	early.ParseErrorsAllowlist.UnknownFlags = true
	early.Usage = func() {}
	ctx, _ = log.InitFlags(ctx, early)
	ctx, err := config.InitFlags(ctx, early)
	if err != nil {
		return err
	}
	command := cmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(early)
	return command.ExecuteContext(ctx)
}
