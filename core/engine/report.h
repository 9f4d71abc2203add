/* report.h: what a flow reported, kept in order until the reducer folds it.
 *
 * A flow runs on a worker's or an action's thread; the model belongs to the engine's. So reports
 * are copied into a list that travels with the flow's result. The list has one owner at a time. */
#pragma once

#include "model/observation.h"
#include "model/plan.h"

enum sw_report_kind {
    SW_REPORT_ROLLOUT = 1,
    SW_REPORT_READING,
    SW_REPORT_SERIES,
    SW_REPORT_ISSUES,
    SW_REPORT_BUILDS,
    SW_REPORT_REVIEWS,
    SW_REPORT_ALARMS,
    SW_REPORT_TAGS,
    SW_REPORT_PLAN,
    SW_REPORT_RELEASE,
    SW_REPORT_CHECKLIST,
    SW_REPORT_CHECKLIST_ERROR,
};

enum { SW_REPORT_LIST_MAX = 500, SW_REPORT_CHECKLIST_MAX = 1024 * 1024 };

struct sw_report {
    struct sw_report *next;
    enum sw_report_kind kind;
    size_t target; /* index in the flow, for reports about a target */
    union {
        struct sw_rollout rollout;
        struct sw_reading reading;
        struct sw_series series;
        struct {
            size_t count;
            struct sw_issue_seen *list;
        } issues;
        struct {
            size_t count;
            struct sw_build_seen *list;
        } builds;
        struct {
            size_t count;
            struct sw_review_seen *list;
        } reviews;
        struct {
            size_t count;
            struct sw_alarm_seen *list;
        } alarms;
        struct sw_tags_seen tags;
        struct sw_plan plan;
        struct {
            char name[SW_LABEL_MAX], tag[SW_LABEL_MAX];
        } release;
        struct {
            char file[SW_LABEL_MAX * 2], ref[SW_LABEL_MAX];
            char *text; /* the file, or why there is none */
            size_t len;
        } checklist;
    } u;
};

struct sw_reports {
    struct sw_report *first, *last;
};

/* Adds an empty report of that kind for the caller to fill. */
struct sw_report *sw_reports_add(struct sw_reports *reports, enum sw_report_kind kind,
                                 size_t target);
void sw_reports_clear(struct sw_reports *reports);
/* The newest rollout reported for a target; NULL: none. Borrowed. */
const struct sw_rollout *sw_reports_rollout(const struct sw_reports *reports, size_t target);
