/* report.c: see report.h. */
#include "engine/report.h"

#include "base/mem.h"

struct sw_report *sw_reports_add(struct sw_reports *reports, enum sw_report_kind kind,
                                 size_t target)
{
    struct sw_report *report = sw_xcalloc(1, sizeof(*report));
    report->kind = kind;
    report->target = target;
    if (reports->last == NULL)
        reports->first = report;
    else
        reports->last->next = report;
    reports->last = report;
    return report;
}

static void report_free(struct sw_report *report)
{
    switch (report->kind) {
    case SW_REPORT_ROLLOUT:
        sw_rollout_clear(&report->u.rollout);
        break;
    case SW_REPORT_SERIES:
        free(report->u.series.buckets);
        break;
    case SW_REPORT_ISSUES:
        free(report->u.issues.list);
        break;
    case SW_REPORT_BUILDS:
        free(report->u.builds.list);
        break;
    case SW_REPORT_REVIEWS:
        free(report->u.reviews.list);
        break;
    case SW_REPORT_ALARMS:
        free(report->u.alarms.list);
        break;
    case SW_REPORT_TAGS:
        free(report->u.tags.commits);
        break;
    case SW_REPORT_CHECKLIST:
    case SW_REPORT_CHECKLIST_ERROR:
        free(report->u.checklist.text);
        break;
    case SW_REPORT_READING:
    case SW_REPORT_PLAN:
    case SW_REPORT_RELEASE:
        break;
    }
    free(report);
}

void sw_reports_clear(struct sw_reports *reports)
{
    for (struct sw_report *report = reports->first; report != NULL;) {
        struct sw_report *next = report->next;
        report_free(report);
        report = next;
    }
    *reports = (struct sw_reports){0};
}

const struct sw_rollout *sw_reports_rollout(const struct sw_reports *reports, size_t target)
{
    const struct sw_rollout *newest = NULL;
    for (const struct sw_report *report = reports->first; report != NULL; report = report->next)
        if (report->kind == SW_REPORT_ROLLOUT && report->target == target)
            newest = &report->u.rollout;
    return newest;
}
