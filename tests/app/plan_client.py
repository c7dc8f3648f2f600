"""Talk to the plans of the grid town as a page would."""

CITY = "/api/v1/cities/grid-town"
PLANS = f"{CITY}/plans"


def make(client, plan="p1", origin="analysis", **more):
    body = {"id": plan, "name": "方案一", "author": "王工", "from": origin, "rules": {}, **more}
    answer = client.post(PLANS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def send(client, op, seen, *, plan="p1", request=None, query="", **fields):
    send.count = getattr(send, "count", 0) + 1
    body = {"id": request or f"r{send.count}", "op": op, "author": "李工", **fields}
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return client.post(f"{PLANS}/{plan}/edits{query}", json=body, headers=headers)


def edit(client, op, seen, **fields):
    answer = send(client, op, seen, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["code"] == code
    return told


def read(client, plan="p1", **query):
    return client.get(f"{PLANS}/{plan}", params=query).json()
