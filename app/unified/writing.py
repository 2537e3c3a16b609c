"""What every route that writes does with the write it was asked for."""

from starlette.responses import Response

from app.unified.calls import Call
from app.unified.changes import Change
from app.unified.intents import Intents, Work
from app.writes.supervised import supervisor


async def written(call: Call, change: Change, work: Work) -> Response:
    """The answer of carrying out `work` once. It goes on when the caller goes away."""
    state = call.request.app.state
    tasks = supervisor(call.request.app)
    done = await tasks.run(Intents(state.shelf, tasks, state.clock).once(call, change, work))
    media_type = "application/json" if done.status < 400 else "application/problem+json"
    return Response(done.content, done.status, done.headers, media_type)
