package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// residentPeak is the most memory a running process has had, in MiB, or 0 where
// there is no /proc to tell.
func residentPeak(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(status, []byte("\nVmHWM:"))
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.Atoi(string(fields[0]))
	if err != nil {
		return 0
	}
	return float64(kib) / 1024
}
