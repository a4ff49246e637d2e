//go:build unix

package ladder

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes the process the leader of a group of its own, so that signals
// for the daemon don't reach it and all of it can be killed.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the process and its children, stopped ones included.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
