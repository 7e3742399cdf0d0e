#!/bin/sh
# Copied as it is: {{ braces }} mean nothing here.
exec /usr/bin/agent --check
