# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# An ordinary user's services, which classic programs steer, as Yama's
# ptrace_scope allows.
scope=/proc/sys/kernel/yama/ptrace_scope
for value in 0 1; do
	yama="without Yama"
	if [ -e $scope ]; then
		echo $value >$scope
		yama="ptrace_scope $value"
	elif [ $value = 1 ]; then
		continue
	fi
	for shim in seccomp preload; do
		# busybox has one that can less.
		/own/setpriv --reuid nobody --regid nogroup --clear-groups \
			sh -c "
			. /tests/guest_session.sh
			session 'ordinary $shim, $yama' --steering auto --shim $shim"
	done
done
