/* /api/workflows/:id/executions/:id/segments: what was spoken, piece by piece. */
#include "fcgi/api/rerun.h"
#include "fcgi/routes.h"
#include "jobs/base/cleanup.h"
#include "jobs/base/js.h"
#include "jobs/model/segment.h"

#include <string.h>

struct err *segments_list(struct app *app, struct request *request, struct response *response)
{
	return segment_list(app->db, request->user_id, request->ids[0], request->ids[1],
			    &response->body);
}

/* What the node's later runs find of the segment is what the new execution buys. */
struct err *segments_regenerate(struct app *app, struct request *request, struct response *response)
{
	cleanup(segment_place_clear) struct segment_place place = { 0 };
	TRY(segment_find(app->db, request->user_id, request->ids[0], request->ids[1],
			 request->number, &place));
	TRY(rerun_check_ended(app, request, request->ids[1]));
	TRY(segment_renew(app->db, request->user_id, place.id));
	return rerun_from(app, request, request->ids[1], place.node_id, response);
}
