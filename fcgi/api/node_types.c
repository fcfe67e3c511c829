/* /api/node-types: what an editor's palette and forms need to know. */
#include "fcgi/routes.h"
#include "jobs/nodes/node.h"

struct err *node_types_list(struct app *app, struct request *request, struct response *response)
{
	(void)app, (void)request;
	response_json(response, 200, node_types_json());
	return NULL;
}
