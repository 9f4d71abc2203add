#!/bin/sh
# Lint: the rules a script can check.
exit 0
