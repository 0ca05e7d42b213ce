"""FastAPI with SQLAlchemy (async, psycopg) on the same tables: the session is looked up with its user, the same keys are answered."""

import os
import uuid
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://"), pool_size=8, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "todos_user"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    is_active: Mapped[bool]


class Session(Base):
    __tablename__ = "todos_session"
    session_key: Mapped[str] = mapped_column(primary_key=True)
    expire_date: Mapped[datetime]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("todos_user.id"))
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Project(Base):
    __tablename__ = "todos_project"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID]
    is_inbox: Mapped[bool]


class TodoLabel(Base):
    __tablename__ = "todos_todolabel"
    id: Mapped[int] = mapped_column(primary_key=True)
    todo_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("todos_todo.id"))
    label_id: Mapped[uuid.UUID]


class Todo(Base):
    __tablename__ = "todos_todo"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID]
    title: Mapped[str]
    notes: Mapped[str]
    project_id: Mapped[uuid.UUID]
    priority: Mapped[int]
    due_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    time_zone: Mapped[str]
    remind_at: Mapped[datetime | None]
    parent_id: Mapped[uuid.UUID | None]
    position: Mapped[str]
    recurrence: Mapped[str]
    recurs_from: Mapped[str]
    completed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]
    carried: Mapped[list[TodoLabel]] = relationship()


class TodoOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    title: str
    notes: str
    project: uuid.UUID
    labels: list[uuid.UUID]
    priority: int
    due_at: datetime | None
    due_on: date | None
    time_zone: str
    remind_at: datetime | None
    parent: uuid.UUID | None
    position: str
    recurrence: str
    recurs_from: str
    completed_at: datetime | None
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class Page(BaseModel):
    results: list[TodoOut]


class TodoIn(BaseModel):
    title: str
    notes: str = ""
    priority: int = 0
    due_on: date | None = None


async def database():
    async with sessions() as session:
        yield session


Database = Annotated[AsyncSession, Depends(database)]


async def current_user(request: Request, db: Database) -> User:
    key = request.cookies.get("sessionid", "")
    session = await db.scalar(select(Session).where(Session.session_key == key, Session.expire_date > datetime.now(UTC)))
    if session is None or not session.user.is_active:
        raise HTTPException(401)
    return session.user


CurrentUser = Annotated[User, Depends(current_user)]


def shown(todo: Todo, labels: list[TodoLabel]) -> TodoOut:
    columns = {name: getattr(todo, name) for name in TodoOut.model_fields if name not in ("project", "labels", "parent")}
    return TodoOut(project=todo.project_id, parent=todo.parent_id, labels=sorted(one.label_id for one in labels), **columns)


@app.get("/api/v1/todos")
async def todos(db: Database, user: CurrentUser, limit: int = 50, offset: int = 0, priority: int | None = None) -> Page:
    found = select(Todo).where(Todo.owner_id == user.id, Todo.deleted_at.is_(None)).options(selectinload(Todo.carried))
    if priority is not None:
        found = found.where(Todo.priority == priority)
    rows = await db.scalars(found.order_by(Todo.position).limit(limit).offset(offset))
    return Page(results=[shown(todo, todo.carried) for todo in rows])


@app.get("/api/v1/todos/{todo_id}")
async def todo(todo_id: uuid.UUID, db: Database, user: CurrentUser) -> TodoOut:
    found = select(Todo).where(Todo.owner_id == user.id, Todo.id == todo_id).options(selectinload(Todo.carried))
    row = await db.scalar(found)
    if row is None:
        raise HTTPException(404)
    return shown(row, row.carried)


@app.post("/api/v1/todos", status_code=201)
async def create(body: TodoIn, db: Database, user: CurrentUser) -> TodoOut:
    inbox = await db.scalar(select(Project.id).where(Project.owner_id == user.id, Project.is_inbox))
    now = datetime.now(UTC)
    unset = dict.fromkeys(("remind_at", "parent_id", "due_at", "completed_at", "deleted_at"))
    made = {"id": uuid.uuid4(), "owner_id": user.id, "project_id": inbox, "position": f"z{uuid.uuid4().hex[:26]}1", "version": 1}
    defaults = {"time_zone": "UTC", "recurrence": "", "recurs_from": "due", "created_at": now, "updated_at": now}
    todo = Todo(**made, **defaults, **unset, **body.model_dump())
    db.add(todo)
    await db.commit()
    return shown(todo, [])


@app.get("/hello")
async def hello() -> str:
    return "hello"
