/* SPDX-License-Identifier: MIT */
/*
 * platform/qemu/child.c - start a process, wait for it, end it. Called by launch.c.
 *
 * Linux can kill a child when its parent dies, but takes the forking thread for the parent. So
 * each child has a thread of its own, the keeper, which forks and then does nothing but wait for
 * the end.
 */
#include "platform/qemu/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "iommukit/host/qemu.h"

static void redirect(int from, int to)
{
    if (from < 0)
        from = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (from >= 0)
        dup2(from, to);
}

/* In the child, between fork and exec: nothing that takes a lock. */
static _Noreturn void become(const struct child_plan *plan, pid_t parent)
{
    sigset_t none;
    size_t i;

    setpgid(0, 0); /* an interrupt from the terminal is the program's to handle */
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent) /* it died before the line above */
        _exit(CHILD_NO_PROGRAM);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    redirect(-1, STDIN_FILENO);
    redirect(plan->out, STDOUT_FILENO);
    redirect(plan->err, STDERR_FILENO);
    for (i = 0; i < plan->keep_count; i++)
        fcntl(plan->keep[i], F_SETFD, 0);
    execvp(plan->argv[0], plan->argv);
    _exit(CHILD_NO_PROGRAM);
}

/* Wait, but leave the remains: as long as they are there nobody else gets this process id. */
static bool reaped_by_system(pid_t pid)
{
    siginfo_t info;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT)) {
        if (errno != EINTR)
            return true;
    }
    return false;
}

static void *keep(void *argument)
{
    struct child *child = argument;
    int hold = child->hold;
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0)
        become(child->plan, parent);
    child->pid = pid;
    if (write(hold, "", 1) == 1 && pid > 0)
        child->reaped = reaped_by_system(pid);
    close(hold);
    return NULL;
}

/* The keeper must not run the program's signal handlers. */
static int start_keeper(struct child *child)
{
    sigset_t all, before;
    int result;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    result = pthread_create(&child->keeper, NULL, keep, child);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result ? -IOMMU_EIO : 0;
}

int child_start(struct child *child, const struct child_plan *plan)
{
    int ends[2];
    char started;

    if (pipe2(ends, O_CLOEXEC))
        return -IOMMU_EIO;
    *child = (struct child){.gone = ends[0], .hold = ends[1], .plan = plan};
    if (start_keeper(child)) {
        close(ends[0]);
        close(ends[1]);
        return -IOMMU_EIO;
    }
    while (read(ends[0], &started, 1) < 0 && errno == EINTR) {
    }
    if (child->pid > 0)
        return 0;
    pthread_join(child->keeper, NULL);
    close(ends[0]);
    return -IOMMU_EIO;
}

bool child_wait(const struct child *child, uint32_t timeout_ms)
{
    struct pollfd wait = {.fd = child->gone, .events = POLLIN};

    return poll(&wait, 1, (int)timeout_ms) > 0;
}

int child_stop(struct child *child)
{
    int status = 0;

    if (!child_wait(child, 0))
        kill(child->pid, SIGKILL);
    pthread_join(child->keeper, NULL);
    close(child->gone);
    if (child->reaped)
        return -1;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
